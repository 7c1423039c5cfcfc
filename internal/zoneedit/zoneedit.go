// Package zoneedit publishes TXT RRsets and address lists in an operator's own
// zone file.
package zoneedit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/zonefile"
)

// Editor edits a zone file and has the name server read it again. It may be
// used by several goroutines, and beside other programs that edit the file.
type Editor struct {
	File string
	// Folder is where the files that it includes are; "" stands for its own.
	Folder string
	// Reload is a command of words with spaces between them, which is run
	// without a shell. It may be empty.
	Reload string
	Serial zonefile.SerialForm
	Now    func() time.Time
	// Swap is [zonefile.SwapFile].
	Swap func(path string, read, data []byte) error

	mu     sync.Mutex
	worked bool // the reload command has
}

const (
	// reloadTime is how long the reload command may take.
	reloadTime = time.Minute
	// mostTries is how often an edit begins anew, as others have changed the
	// file in the meantime.
	mostTries = 10
)

func (e *Editor) source(zone string) zonefile.Source {
	s := zonefile.FileSource(e.File, e.Folder, zone)
	s.Serial = e.Serial
	return s
}

// ReadTXT gives what the file has at a name.
func (e *Editor) ReadTXT(_ context.Context, zone, name string) (txt.RRset, error) {
	text, err := os.ReadFile(e.File)
	if err != nil {
		return txt.RRset{}, err
	}
	return e.at(text, zone, name)
}

func (e *Editor) at(text []byte, zone, name string) (set txt.RRset, err error) {
	found, err := zonefile.TXT(text, e.source(zone), name)
	set.TTL = found.TTL
	for _, list := range found.Records {
		set.Records = append(set.Records, txt.Record{Strings: list})
	}
	return set, unsafe(err)
}

// unsafe adds its cause to an error that says why a file is not edited.
func unsafe(err error) error {
	var place *zonefile.PlaceError
	if errors.As(err, &place) {
		return fmt.Errorf("%w: %w", txt.ErrUnsafe, err)
	}
	return err
}

// ReplaceTXT edits the file if it has old at the name, and runs the reload
// command. If that fails, what was there is put back.
func (e *Editor) ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error {
	edit := editOf(name, new)
	return e.change(ctx, zone, func(text []byte) ([]byte, error) {
		now, err := e.at(text, zone, name)
		switch {
		case err != nil:
			return nil, err
		case !now.Equal(old):
			return nil, txt.ErrConflict
		}
		patched, err := zonefile.Patch(text, e.source(zone), []zonefile.Edit{edit}, e.Now())
		return patched, unsafe(err)
	})
}

// TryTXT gives the error of an edit that cannot be made, and makes none. A file
// that cannot be read here tells nothing: a plan may be made where it is not.
func (e *Editor) TryTXT(_ context.Context, zone, name string, new txt.RRset) error {
	text, err := os.ReadFile(e.File)
	if err != nil {
		return nil
	}
	_, err = zonefile.Patch(text, e.source(zone), []zonefile.Edit{editOf(name, new)}, e.Now())
	return unsafe(err)
}

func editOf(name string, new txt.RRset) zonefile.Edit {
	edit := zonefile.Edit{Name: name, TTL: new.TTL}
	for _, r := range new.SPF() {
		edit.Text = r.Text()
	}
	return edit
}

// Serve has the name server read the file as it is, and can be done by the
// operator alone if there is no reload command.
func (e *Editor) Serve(ctx context.Context) error { return e.reload(ctx) }

// Manual says what is left to the operator after an edit.
func (e *Editor) Manual() string {
	if len(strings.Fields(e.Reload)) > 0 {
		return ""
	}
	return "reload the name server, as the provider has no reload command"
}

// change has the text of the file edited, and the name server read it again. A
// reload command that does not even work before that keeps the file from being
// edited. If it fails afterwards, what was there is put back, with a serial number
// that is later still, and the error is [txt.ErrPutBack]; if that fails too,
// [txt.ErrUnpublished].
func (e *Editor) change(ctx context.Context, zone string, edit func(text []byte) ([]byte, error)) error {
	if err := e.tryReload(ctx); err != nil {
		return err
	}
	text, patched, err := e.swap(edit)
	if err != nil {
		return err
	}
	failed := e.reload(ctx)
	if failed == nil {
		return nil
	}
	back, err := zonefile.Revert(text, patched, e.source(zone), e.Now())
	if err == nil {
		err = e.Swap(e.File, patched, back)
	}
	if err != nil {
		return fmt.Errorf("%w: %w; putting back what was there: %w", txt.ErrUnpublished, failed, err)
	}
	serial, err := zonefile.Serial(back, e.source(zone))
	return errors.Join(err, fmt.Errorf("%w; %w, under the serial number %d, as the name server may have read the other", failed, txt.ErrPutBack, serial))
}

// tryReload runs the reload command once, before the first edit.
func (e *Editor) tryReload(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.worked {
		return nil
	}
	err := e.reload(ctx)
	e.worked = err == nil
	return err
}

// swap gives the text that was found, and the one that is in its place now.
func (e *Editor) swap(edit func(text []byte) ([]byte, error)) (text, patched []byte, err error) {
	for range mostTries {
		text, err := os.ReadFile(e.File)
		if err != nil {
			return nil, nil, err
		}
		patched, err := edit(text)
		if err != nil {
			return nil, nil, err
		}
		if err := e.Swap(e.File, text, patched); !errors.Is(err, zonefile.ErrChanged) {
			return text, patched, err
		}
	}
	return nil, nil, fmt.Errorf("%w: %d times in a row others changed %s at that moment", txt.ErrConflict, mostTries, e.File)
}

func (e *Editor) reload(ctx context.Context) error {
	words := strings.Fields(e.Reload)
	if len(words) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, reloadTime, fmt.Errorf("it took longer than %v: %w", reloadTime, context.DeadlineExceeded))
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	var said bounded
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.WaitDelay = 2 * time.Second // for what it has started and left behind
	err := cmd.Run()
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	switch {
	case err == nil:
		return nil
	case len(said) == 0:
		return fmt.Errorf("the reload command %q failed: %w", e.Reload, err)
	}
	return fmt.Errorf("the reload command %q failed: %w; it said %q", e.Reload, err, strings.TrimSpace(string(said)))
}

// bounded keeps the beginning of what is written.
type bounded []byte

func (b *bounded) Write(p []byte) (int, error) {
	*b = append(*b, p[:min(len(p), 500-len(*b))]...)
	return len(p), nil
}
