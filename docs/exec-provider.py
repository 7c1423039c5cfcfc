#!/usr/bin/env python3
"""A provider for spfzone that keeps its records in the file SPFZONE_STORE.

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


def failed(kind, message):
    return {"version": 1, "error": {"kind": kind, "message": message}}


def read_names(rrsets, root):
    names = []
    for key, rrset in rrsets.items():
        name, _, rrtype = key.partition(" ")
        if name == root or name.endswith("." + root):
            data = rrset["address"] if rrtype == "A" else ""
            names.append({"name": name, "type": rrtype or "TXT", "data": data, "ttl": rrset["ttl"]})
    return {"version": 1, "names": names}


def change_names(rrsets, request):
    address = request["address"]
    for name in request.get("add", []):
        if name in rrsets or name + " A" in rrsets:
            return failed("conflict", name + " has a record")
        rrsets[name + " A"] = {"ttl": request["ttl"], "address": address}
    for name in request.get("delete", []):
        if name in rrsets or rrsets.pop(name + " A", {}).get("address") != address:
            return failed("conflict", name + " has not that record alone")
    save(rrsets)
    return {"version": 1}


def answer(request):
    rrsets, name = load(), request["name"]
    if request["action"] == "read-names":
        return read_names(rrsets, name)
    if request["action"] == "change-names":
        return change_names(rrsets, request)
    standing = rrsets.get(name, {"ttl": 0, "records": []})
    if request["action"] == "read":
        return {"version": 1, **standing}
    if request["action"] != "replace":
        return failed("failed", "unknown action " + request["action"])
    if not same(standing, request["old"]):
        return failed("conflict", name + " is not what was read")
    rrsets[name] = request["new"]
    if not request["new"]["records"]:
        del rrsets[name]
    save(rrsets)
    return {"version": 1}


json.dump(answer(json.load(sys.stdin)), sys.stdout)
