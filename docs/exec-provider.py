#!/usr/bin/env python3
"""A provider for spfzone that keeps TXT RRsets in the file SPFZONE_STORE.

See exec-provider.md. To use it with a service of your own, put its API in the
place of load and save.
"""
import json
import os
import sys

STORE = os.environ.get("SPFZONE_STORE", "rrsets.json")


def load():
    try:
        with open(STORE, encoding="ascii") as f:
            return json.load(f)
    except FileNotFoundError:
        return {}


def save(rrsets):
    temporary = STORE + ".new"
    with open(temporary, "w", encoding="ascii") as f:
        json.dump(rrsets, f)
        f.flush()
        os.fsync(f.fileno())
    os.replace(temporary, STORE)


def same(a, b):
    if sorted(a["records"]) != sorted(b["records"]):
        return False
    return a["ttl"] == b["ttl"] or not a["records"]


def answer(request):
    rrsets, name = load(), request["name"]
    standing = rrsets.get(name, {"ttl": 0, "records": []})
    if request["action"] == "read":
        return {"version": 1, **standing}
    if request["action"] != "replace":
        message = "unknown action " + request["action"]
        return {"version": 1, "error": {"kind": "failed", "message": message}}
    if not same(standing, request["old"]):
        message = name + " is not what was read"
        return {"version": 1, "error": {"kind": "conflict", "message": message}}
    rrsets[name] = request["new"]
    if not request["new"]["records"]:
        del rrsets[name]
    save(rrsets)
    return {"version": 1}


json.dump(answer(json.load(sys.stdin)), sys.stdout)
