// Package journal keeps what every write to the DNS replaced: one JSON file
// for each, on the disk before the write is made. Receivers hold what was
// replaced for as long as its TTL, so the next change has to reckon with it; and
// it can be put back.
package journal

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Journal is a folder of entries. It may be used by several goroutines.
type Journal struct {
	dir   string
	write func(path string, data []byte) error

	mu      sync.Mutex
	entries []*Entry // the oldest first
	next    int
}

// version is that of the files' form.
const version = 1

// file is an entry as it stands in its file.
type file struct {
	Version int `json:"version"`
	Entry
}

// Open reads the journal in a folder, which need not exist. write puts a file
// on the disk, whole or not at all, before it returns. A file that cannot be
// read is an error: what it holds may be in receivers' caches.
func Open(dir string, write func(path string, data []byte) error) (*Journal, error) {
	j := &Journal{dir: dir, write: write, next: 1}
	files, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, f := range files {
		id, isEntry := strings.CutSuffix(f.Name(), ".json")
		if !isEntry || strings.HasPrefix(id, ".") {
			continue
		}
		e, err := read(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		e.ID = id
		j.entries = append(j.entries, e)
		if n := number(id); n >= j.next {
			j.next = n + 1
		}
	}
	slices.SortStableFunc(j.entries, func(a, b *Entry) int {
		if n := number(a.ID) - number(b.ID); n != 0 {
			return n
		}
		return a.Time.Compare(b.Time)
	})
	return j, nil
}

func read(path string) (*Entry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f file
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s is no entry of a journal: %w", path, err)
	}
	if f.Version != version {
		return nil, fmt.Errorf("%s has the version %d, where this program knows %d", path, f.Version, version)
	}
	return &f.Entry, nil
}

// number gives the number that an ID begins with.
func number(id string) int {
	digits, _, _ := strings.Cut(id, "-")
	n, _ := strconv.Atoi(digits)
	return n
}

// Begin writes down what is about to be done. The entry's ID, time and outcome
// are set. After an error nothing may be written to the DNS.
func (j *Journal) Begin(e *Entry, at time.Time) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.ID = fmt.Sprintf("%06d-%s", j.next, strings.ToLower(rand.Text()[:6]))
	e.Time, e.Outcome = at.UTC(), Intended
	if err := j.save(e); err != nil {
		return err
	}
	j.next++
	j.entries = append(j.entries, e)
	return nil
}

// End writes down the outcome.
func (j *Journal) End(e *Entry, o Outcome, at time.Time, why error) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	e.Outcome, e.Ended = o, at.UTC()
	if why != nil {
		e.Error = why.Error()
	}
	return j.save(e)
}

// Note writes down what somebody else did, or what was seen.
func (j *Journal) Note(e *Entry, o Outcome, at time.Time) error {
	if err := j.Begin(e, at); err != nil {
		return err
	}
	return j.End(e, o, at, nil)
}

func (j *Journal) save(e *Entry) error {
	data, err := json.MarshalIndent(file{version, *e}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(j.dir, 0o777); err != nil {
		return fmt.Errorf("the journal cannot be written: %w", err)
	}
	if err := j.write(filepath.Join(j.dir, e.ID+".json"), append(data, '\n')); err != nil {
		return fmt.Errorf("the journal cannot be written: %w", err)
	}
	return nil
}

// Entries gives the entries of a domain, or all if domain is empty, the oldest
// first.
func (j *Journal) Entries(domain string) (out []*Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, e := range j.entries {
		if domain == "" || e.Domain == domain {
			out = append(out, e)
		}
	}
	return out
}

// Entry gives the entry with an ID, or with the number that an ID begins with.
func (j *Journal) Entry(id string) (*Entry, error) {
	var found []*Entry
	for _, e := range j.Entries("") {
		if n, err := strconv.Atoi(id); e.ID == id || err == nil && number(e.ID) == n {
			found = append(found, e)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("the journal has no entry %q", id)
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("the journal has several entries %q: give the whole ID, as %s", id, found[0].ID)
}
