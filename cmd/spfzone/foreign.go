package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// refuseForeign refuses to replace a file that somebody else has written: a
// zone file that an operator keeps by hand has the same name as the fragment.
// An empty file has nothing to lose. What is no file at all is refused too.
func refuseForeign(path, format string) error {
	stat, err := os.Stat(path)
	switch {
	case err != nil:
		return nil // there is none, or writing says what is wrong
	case !stat.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file: nothing is written", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	ours := beginsAsFragment
	if format == formatJSON {
		ours = isBuildDocument
	}
	switch ok, err := ours(bufio.NewReader(f)); {
	case err != nil:
		return fmt.Errorf("%s cannot be read, and nothing is written: %w", path, err)
	case !ok:
		return withCode(exitRefused, fmt.Errorf(`%s was not written by 'spfzone build', and nothing is written: move it away, or name another folder with -o
a zone file of your own takes the records of a fragment with $INCLUDE`, path))
	}
	return nil
}

// The first line of every fragment, around the zone's name.
const (
	headerBefore = "SPF records of the zone "
	headerBehind = ", written by spfzone."
)

// beginsAsFragment reports whether a file begins with a fragment's header, or
// is empty.
func beginsAsFragment(r *bufio.Reader) (bool, error) {
	line, err := r.ReadSlice('\n') // of at most the buffer's 4096 octets
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return false, err
	}
	text := strings.TrimRight(string(line), "\r\n")
	return len(line) == 0 || strings.HasPrefix(text, "; "+headerBefore) && strings.HasSuffix(text, headerBehind), nil
}

// isBuildDocument reports whether a file has the form of build's answer, in
// whichever version, or is empty.
func isBuildDocument(r *bufio.Reader) (bool, error) {
	var d struct {
		Version *json.Number      `json:"version"`
		Domains []json.RawMessage `json:"domains"`
	}
	switch err := json.NewDecoder(r).Decode(&d); {
	case errors.Is(err, io.EOF):
		return true, nil
	case errors.As(err, new(*fs.PathError)):
		return false, err
	case err != nil:
		return false, nil
	}
	return d.Version != nil && d.Domains != nil, nil
}
