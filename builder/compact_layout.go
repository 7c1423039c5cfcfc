package builder

import (
	"cmp"
	"context"
)

// place lays runs out by the encoding that the domain has. A compact layout is
// taken only where it is shorter than the plain one: in parts, or else in
// octets.
func (l *layout) place(ctx context.Context, runs []run) error {
	if l.d.Encoding == EncodingPlain {
		return l.placeAs(ctx, EncodingPlain, runs)
	}
	plain := *l
	plainErr := plain.placeAs(ctx, EncodingPlain, runs)
	if plainErr != nil && !isTooLarge(plainErr) {
		return plainErr
	}
	err := l.placeAs(ctx, EncodingCompact, runs)
	if plainErr == nil && (isTooLarge(err) || err == nil && !l.shorter(&plain)) {
		*l = plain
		return nil
	}
	return err
}

// shorter reports whether a layout has fewer parts than another one, or as many
// and fewer octets of text.
func (l *layout) shorter(than *layout) bool {
	return cmp.Or(cmp.Compare(l.count().Count, than.count().Count), cmp.Compare(l.octets(), than.octets())) < 0
}

// octets gives what the records take as text.
func (l *layout) octets() int {
	n := len(l.root().String())
	for _, s := range l.segments {
		for _, p := range s.parts {
			n += len(l.partRecord(p.pieces).String())
		}
	}
	return n
}
