package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/providers/txt"
	"github.com/spfzone/spfzone/zonefile"
)

// zoneEditor is the zone file of a provider of the type zonefile. It implements
// [providers.Swapper].
type zoneEditor struct {
	a      *app
	file   string
	reload string // a command, or empty
}

func (a *app) editZone(file, reload string) providers.Swapper { return &zoneEditor{a, file, reload} }

// source is the file as that of a zone. What it includes is read from its own
// folder, unless the path is absolute.
func (z *zoneEditor) source(zone string) zonefile.Source {
	return zonefile.Source{File: z.file, Origin: zone, Open: func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(z.file), path)
		}
		return os.ReadFile(path)
	}}
}

// ReadTXT gives what the file has at a name.
func (z *zoneEditor) ReadTXT(_ context.Context, zone, name string) (txt.RRset, error) {
	text, err := os.ReadFile(z.file)
	if err != nil {
		return txt.RRset{}, err
	}
	return z.at(text, zone, name)
}

func (z *zoneEditor) at(text []byte, zone, name string) (set txt.RRset, err error) {
	found, err := zonefile.TXT(text, z.source(zone), name)
	var place *zonefile.PlaceError
	if errors.As(err, &place) {
		return set, fmt.Errorf("%w: %w", providers.ErrUnsafe, err)
	}
	set.TTL = found.TTL
	for _, list := range found.Records {
		set.Records = append(set.Records, txt.Record{Strings: list})
	}
	return set, err
}

// ReplaceTXT edits the file, and runs the reload command. If that fails the
// file is as it was.
func (z *zoneEditor) ReplaceTXT(ctx context.Context, zone, name string, old, new txt.RRset) error {
	text, err := os.ReadFile(z.file)
	if err != nil {
		return err
	}
	now, err := z.at(text, zone, name)
	switch {
	case err != nil:
		return err
	case !now.Equal(old):
		return providers.ErrConflict
	}
	edit := zonefile.Edit{Name: name, TTL: new.TTL}
	for _, r := range new.SPF() {
		edit.Text = r.Text()
	}
	patched, err := zonefile.Patch(text, z.source(zone), []zonefile.Edit{edit}, z.a.now())
	if err != nil {
		return err
	}
	if _, err := zonefile.ReplaceFile(z.file, patched); err != nil {
		return err
	}
	if err := z.run(ctx); err != nil {
		_, back := zonefile.ReplaceFile(z.file, text)
		return errors.Join(err, back)
	}
	return nil
}

// reloadTime is how long the reload command may take.
const reloadTime = time.Minute

func (z *zoneEditor) run(ctx context.Context) error {
	words := strings.Fields(z.reload)
	if len(words) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	out, err := exec.CommandContext(ctx, words[0], words[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("the reload command %q failed: %w: %s", z.reload, err, printable(strings.TrimSpace(string(out))))
	}
	return nil
}
