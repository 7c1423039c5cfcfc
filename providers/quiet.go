package providers

import (
	"io"
	"log"
	"log/slog"
	"sync"
)

// logs guards what is the whole program's: the standard loggers.
var logs sync.Mutex

// quietly keeps what a module writes to the standard loggers, or does to them,
// out of the program's output. Whatever others log meanwhile is lost too.
func quietly(f func() error) error {
	logs.Lock()
	defer logs.Unlock()
	logger, writer, flags := slog.Default(), log.Writer(), log.Flags()
	log.SetOutput(io.Discard)
	defer func() {
		slog.SetDefault(logger)
		log.SetOutput(writer)
		log.SetFlags(flags)
	}()
	return f()
}
