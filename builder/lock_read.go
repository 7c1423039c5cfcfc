package builder

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// LockError says what is wrong with a lock file, and where.
type LockError struct {
	Place Place
	Msg   string
}

func (e *LockError) Error() string { return fmt.Sprintf("%v: %s", e.Place, e.Msg) }

// ReadLock reads a lock file; name is that of the file. It takes what
// [Lock.Encode] writes, save that white space may be otherwise, and nothing
// else, so that a slip of a merge or an editor is found: the lock says what is
// published. The error is a [*LockError].
func ReadLock(name string, text []byte) (*Lock, error) {
	r := &lockReader{name: name, text: text, json: json.NewDecoder(bytes.NewReader(text))}
	l := &Lock{name: name, answers: map[question]*lockedAnswer{}, spares: map[string]spare{}}
	if err := r.read(l); err != nil {
		return nil, r.placed(err)
	}
	return l, nil
}

// lockReader reads the form of a lock file.
type lockReader struct {
	name  string
	text  []byte
	json  *json.Decoder
	start int64 // of the item in hand
}

func (r *lockReader) read(l *Lock) error {
	if err := r.expect(json.Delim('{'), "version"); err != nil {
		return err
	}
	var version int
	r.mark()
	if err := r.json.Decode(&version); err != nil {
		return fmt.Errorf("the version is no number: %w", err)
	}
	if version != lockVersion {
		return fmt.Errorf("this is version %d, and this spfzone reads version %d: take the spfzone that wrote it, or remove it and run 'spfzone update'", version, lockVersion)
	}
	for _, list := range []struct {
		key string
		add func(raw []byte) error
	}{
		{"sources", sorted(l.addSource)},
		{"answers", sorted(l.addAnswer)},
		{"parts", sorted(l.addSpare)},
	} {
		if err := r.list(list.key, list.add); err != nil {
			return err
		}
	}
	if err := r.expect(json.Delim('}')); err != nil {
		return err
	}
	r.mark()
	if _, err := r.json.Token(); !errors.Is(err, io.EOF) {
		return errors.New("nothing may stand behind the closing brace")
	}
	return nil
}

// list reads a key with its list.
func (r *lockReader) list(key string, add func(raw []byte) error) error {
	if err := r.expect(key, json.Delim('[')); err != nil {
		return err
	}
	for r.json.More() {
		r.mark()
		var raw json.RawMessage
		if err := r.json.Decode(&raw); err != nil {
			return err
		}
		if err := add(raw); err != nil {
			return err
		}
	}
	return r.expect(json.Delim(']'))
}

// expect reads tokens that must be there.
func (r *lockReader) expect(tokens ...json.Token) error {
	for _, want := range tokens {
		r.mark()
		got, err := r.json.Token()
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s is wanted here: a lock has version, sources, answers and parts, in this order", tokenText(want))
		}
	}
	return nil
}

func tokenText(t json.Token) string {
	if d, ok := t.(json.Delim); ok {
		return d.String()
	}
	return fmt.Sprintf("%q", t)
}

// mark keeps where the next item begins.
func (r *lockReader) mark() {
	r.start = r.json.InputOffset()
	for int(r.start) < len(r.text) && bytes.IndexByte([]byte(" \t\r\n,:"), r.text[r.start]) >= 0 {
		r.start++
	}
}

// placed puts the place before an error.
func (r *lockReader) placed(err error) error {
	at := r.start
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		at = max(at, r.json.InputOffset())
	}
	if errors.Is(err, io.EOF) {
		err = errors.New("the file ends too early")
	}
	before := r.text[:min(at, int64(len(r.text)))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return &LockError{Place{r.name, line, column}, err.Error()}
}

// decodeLine reads a line, which must stand there as encodeLine writes it.
func decodeLine[T any](raw []byte) (line T, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&line); err != nil {
		return line, err
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, raw); err != nil {
		return line, err
	}
	if want := encodeLine(line); !bytes.Equal(compact.Bytes(), want) {
		return line, fmt.Errorf("this is not as spfzone writes it, which is %s", want)
	}
	return line, nil
}

// sorted has items added that come in ascending order.
func sorted[K any](add func(raw []byte, before *K) (K, error)) func([]byte) error {
	var before *K
	return func(raw []byte) error {
		k, err := add(raw, before)
		before = &k
		return err
	}
}

// errOrder is the error of items that are not in order.
var errOrder = errors.New("lines are sorted, none stands there twice, and this one does not come after the one before it")

// ascending reports whether a list is sorted with nothing twice.
func ascending[T any](list []T, compare func(a, b T) int) bool {
	return slices.IsSortedFunc(list, compare) &&
		len(slices.CompactFunc(slices.Clone(list), func(a, b T) bool { return compare(a, b) == 0 })) == len(list)
}
