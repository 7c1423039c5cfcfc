package providers

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/spfzone/spfzone/internal/leaks"
	"github.com/spfzone/spfzone/providers/addresslist"
	"github.com/spfzone/spfzone/providers/txt"
)

// TestMain is also the operator's program that the tests of the type exec run.
func TestMain(m *testing.M) {
	if path := os.Getenv("SPFZONE_TEST_PROGRAM"); path != "" {
		os.Exit(programMain(path))
	}
	os.Exit(m.Run())
}

// programState is what that program keeps in a file.
type programState struct {
	Sets   map[string]txt.RRset // by name
	Names  map[string]uint32    // the TTLs of A records 127.0.0.2, by name
	Writes int
	Before map[int]txt.Record // what somebody else adds before the nth write
	Fault  map[int]fault
	Name   string // for Before
}

func loadState(path string) (s programState) {
	b, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		panic(err)
	}
	return s
}

func (s programState) save(path string) {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		panic(err)
	}
}

// programMain does what docs/exec-provider.md says.
func programMain(path string) int {
	var r programRequest
	if err := json.NewDecoder(os.Stdin).Decode(&r); err != nil {
		panic(err)
	}
	s := loadState(path)
	defer func() { s.save(path) }()
	if r.Action == "read" {
		json.NewEncoder(os.Stdout).Encode(map[string]any{"version": 1, "ttl": s.Sets[r.Name].TTL, "records": s.Sets[r.Name].Records})
		return 0
	}
	if r.Action == "read-names" {
		names := []map[string]any{}
		for name, ttl := range s.Names {
			if addresslist.Below(name, r.Name) {
				names = append(names, map[string]any{"name": name, "type": "A", "data": addresslist.Address, "ttl": ttl})
			}
		}
		for name, set := range s.Sets {
			if addresslist.Below(name, r.Name) && len(set.Records) > 0 {
				names = append(names, map[string]any{"name": name, "type": "TXT", "data": "", "ttl": set.TTL})
			}
		}
		json.NewEncoder(os.Stdout).Encode(map[string]any{"version": 1, "names": names})
		return 0
	}
	s.Writes++
	if other, ok := s.Before[s.Writes]; ok {
		set := s.Sets[s.Name]
		set.TTL, set.Records = maxTTL, append(set.Records, other)
		s.Sets[s.Name] = set
	}
	fmt.Fprintln(os.Stderr, "the secret is", os.Getenv("SPFZONE_SECRET"))
	f := s.Fault[s.Writes]
	if f == refused {
		return 1
	}
	if r.Action == "change-names" {
		return s.changeNames(r, f)
	}
	if !s.Sets[r.Name].Equal(*r.Old) {
		fmt.Println(`{"version":1,"error":{"kind":"conflict","message":"somebody was here"}}`)
		return 0
	}
	s.Sets[r.Name] = *r.New
	if f == lost {
		return 1
	}
	fmt.Println(`{"version":1}`)
	return 0
}

// changeNames does so for address lists.
func (s programState) changeNames(r programRequest, f fault) int {
	for _, name := range r.Delete {
		if _, there := s.Names[name]; !there {
			fmt.Println(`{"version":1,"error":{"kind":"conflict","message":"somebody was here"}}`)
			return 0
		}
		delete(s.Names, name)
	}
	for _, name := range r.Add {
		s.Names[name] = r.TTL
	}
	if f == lost {
		return 1
	}
	fmt.Println(`{"version":1}`)
	return 0
}

// execSite is a zone that an operator's program keeps.
func execSite(t *testing.T, name string, records []txt.Record) site {
	path := filepath.Join(t.TempDir(), "state")
	t.Setenv("SPFZONE_TEST_PROGRAM", path)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // else every run of the program takes a second longer under the race detector
	state := programState{Name: name, Before: map[int]txt.Record{}, Fault: map[int]fault{}, Names: map[string]uint32{}, Sets: map[string]txt.RRset{
		"mail.example.test.": {TTL: maxTTL, Records: []txt.Record{rec("v=spf1 a -all")}},
	}}
	if len(records) > 0 {
		state.Sets[name] = txt.RRset{TTL: maxTTL, Records: records}
	}
	state.save(path)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	secret := leaks.Use(t, "exec.secret", "s3cr3t/+T0ken")
	return site{
		publisher: open(t, "exec", map[string]string{"command": self, "secret": secret}),
		form:      func(r txt.Record) txt.Record { return r },
		wire:      func() []string { return presentations(loadState(path).Sets[name].Records) },
		rest:      func() []string { return presentations(loadState(path).Sets["mail.example.test."].Records) },
		before: func(n int, r txt.Record) {
			s := loadState(path)
			s.Before[n] = r
			s.save(path)
		},
		fault: func(n int, f fault) {
			s := loadState(path)
			s.Fault[n] = f
			s.save(path)
		},
		writes: func() int { return loadState(path).Writes },
	}
}

// script is a program that says what a test wants.
func script(t *testing.T, text string) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the scripts are for a POSIX shell")
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExec(t *testing.T) {
	tests := []struct {
		name, script, want string
		cause              error
	}{
		{"nothing there", `echo '{"version":1,"ttl":0,"records":[]}'`, "", nil},
		{"no answer", `true`, "PROGRAM did not answer as docs/exec-provider.md says: EOF", nil},
		{"malformed", `echo '{"version":1'`, "PROGRAM did not answer as docs/exec-provider.md says: unexpected EOF", nil},
		{"two answers", `echo '{"version":1}{"version":1}'`, "PROGRAM did not answer as docs/exec-provider.md says: more than one value", nil},
		{"an unknown key", `echo '{"version":1,"rrs":[]}'`, `PROGRAM did not answer as docs/exec-provider.md says: json: unknown field "rrs"`, nil},
		{"another version", `echo '{"version":2}'`, "PROGRAM answers by version 2, where this is version 1", nil},
		{"not quoted", `echo '{"version":1,"ttl":1,"records":["v=spf1 -all"]}'`,
			"PROGRAM did not answer as docs/exec-provider.md says: no quote before a string, at octet 1", nil},
		{"exit status", `exit 3`, "PROGRAM: exit status 3", nil},
		{"a failure", `echo '{"version":1,"error":{"kind":"failed","message":"no route"}}'; exit 1`, "no route", nil},
		{"unsafe", `echo '{"version":1,"error":{"kind":"unsafe","message":"read only"}}'`, "the change cannot be made safely: read only", ErrUnsafe},
		{"siblings", `echo '{"version":1,"error":{"kind":"siblings","message":"three"}}'`, "other TXT records at the name would be at risk: three", ErrSiblings},
		{"a secret", `echo "{\"version\":1,\"error\":{\"message\":\"bad token $SPFZONE_SECRET\"}}"`, "bad token [hidden]", nil},
		{"too long", `exec sleep 300`, "PROGRAM took longer than 1s: context deadline exceeded", context.DeadlineExceeded},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path, timeout := script(t, tt.script), "120"
			if errors.Is(tt.cause, context.DeadlineExceeded) {
				timeout = "1"
			}
			p := open(t, "exec", map[string]string{"command": path, "secret": leaks.Use(t, "exec.secret", "s3cr3t/+T0ken"), "timeout": timeout})
			_, err := p.Read(t.Context(), testZone, apex)
			got := ""
			if err != nil {
				got = strings.ReplaceAll(strings.TrimPrefix(err.Error(), "provider test: reading the TXT records of example.test.: "), path, "PROGRAM")
			}
			if got != tt.want || tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("\n got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A program that does not end its answer is not read for ever.
func TestExecBoundsTheAnswer(t *testing.T) {
	var b limitedBuffer
	if _, err := b.Write(make([]byte, mostOutput)); err != nil {
		t.Error(err)
	}
	const want = "more than 16777216 octets of output"
	if _, err := b.Write([]byte("x")); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	p := open(t, "exec", map[string]string{"command": script(t, `exec cat /dev/zero`), "timeout": "120"})
	if _, err := p.Read(t.Context(), testZone, apex); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// What the program says on standard error is passed on by lines, without
// secrets, even where it says them in halves.
func TestExecPassesOnStandardError(t *testing.T) {
	path := script(t, `printf 'one\nthe token is s3cr' >&2; printf '3t/+T0ken\nend' >&2; echo '{"version":1}'`)
	var said bytes.Buffer
	s := settings("exec", "command", path, "secret", leaks.Use(t, "exec.secret", "s3cr3t/+T0ken"))
	p, err := Open(s, Env{Stderr: &said})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Read(t.Context(), testZone, apex); err != nil {
		t.Fatal(err)
	}
	want := "PROGRAM: one\nPROGRAM: the token is [hidden]\nPROGRAM: end\n"
	if got := strings.ReplaceAll(said.String(), path, "PROGRAM"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The example in the documentation does what the documentation says.
func TestExecExample(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		if os.Getenv("SPFZONE_INTEGRATION") == "required" {
			t.Fatal("python3 not found: install the Debian package python3")
		}
		t.Skip("python3 not found: install the Debian package python3")
	}
	t.Setenv("SPFZONE_STORE", filepath.Join(t.TempDir(), "rrsets.json"))
	example, err := filepath.Abs("../docs/exec-provider.py")
	if err != nil {
		t.Fatal(err)
	}
	p := open(t, "exec", map[string]string{"command": example})
	read := func() txt.RRset {
		t.Helper()
		set, err := p.Read(t.Context(), testZone, apex)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	old := txt.RRset{}
	for _, text := range []string{oldSPF, longSPF(), newSPF, ""} {
		new := old.With(text, maxTTL)
		if err := p.Replace(t.Context(), testZone, apex, old, new); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if got := read(); !got.Equal(p.Attainable(old, new)) {
			t.Errorf("%q: %v stands there", text, got)
		}
		old = read()
	}
	var list addresslist.List
	for _, to := range []addresslist.List{firstNames, nextNames, nil} {
		b := addresslist.Batch{Root: listRoot, Add: to.Minus(list).Absolute(listRoot), Delete: list.Minus(to).Absolute(listRoot), TTL: maxTTL}
		if err := p.ChangeList(t.Context(), testZone, b); err != nil {
			t.Fatal(err)
		}
		got, err := p.ReadLists(t.Context(), testZone, []string{listRoot}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if list, _, err = got[listRoot].List(listRoot); err != nil || !list.Equal(to) {
			t.Errorf("the list is %q (%v), want %q", list, err, to)
		}
	}
	swap := p.backend.(native).Swapper
	err = swap.ReplaceTXT(t.Context(), testZone, apex, txt.RRset{TTL: 60, Records: []txt.Record{rec("x")}}, txt.RRset{})
	if !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want a conflict", err)
	}
}
