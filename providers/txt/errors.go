package txt

import "errors"

// What keeps an RRset from being replaced. What was there stands unchanged
// when one of these is the cause, unless the error says otherwise.
var (
	// ErrConflict says that the RRset is not what was read: somebody else
	// changed it.
	ErrConflict = errors.New("the records are not what was read")
	// ErrSiblings says that the other TXT records at the name would be at
	// risk.
	ErrSiblings = errors.New("other TXT records at the name would be at risk")
	// ErrUnpublished says that the new RRset is stored, but may not be what is
	// published.
	ErrUnpublished = errors.New("the change is stored, but may not be published")
	// ErrPutBack says that the new RRset was stored, and the former one is again
	// in its place.
	ErrPutBack = errors.New("what was there is there again")
	// ErrUnsafe says that the change cannot be made safely.
	ErrUnsafe = errors.New("the change cannot be made safely")
)
