package main

import (
	"errors"
	"fmt"
)

// exitCode is what the process ends with.
type exitCode int

// Every exit code there is. The text of the help and of docs/ is made of
// [exitMeanings].
const (
	exitYes     exitCode = 0
	exitNo      exitCode = 1
	exitUsage   exitCode = 2
	exitFailure exitCode = 3
	exitRefused exitCode = 4
	exitSignal  exitCode = 128 // plus the number of the signal
)

// exitMeanings is the table of the exit codes.
var exitMeanings = []struct{ code, meaning string }{
	{"0", "done, and the answer is yes"},
	{"1", "done, and the answer is no: findings, drift, a vector that fails, not equal"},
	{"2", "usage or configuration"},
	{"3", "DNS, provider or file failure (try again)"},
	{"4", "refused for safety: proof failed, source shrank, limits exceeded"},
	{"130, 143", "stopped by SIGINT or SIGTERM; what was written is whole"},
}

// exitError is an error that leads to an exit code.
type exitError struct {
	code exitCode
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// withCode gives an error an exit code, and nil for none.
func withCode(code exitCode, err error) error {
	if err == nil {
		return nil
	}
	return &exitError{code, err}
}

// usageError is a command line that means nothing. Whoever sees it is told
// where the help is.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// errSaid is an error of which all has been said: nothing is left to print.
var errSaid = errors.New("said already")

// codeOf gives the exit code that an error leads to. What no one has sorted is
// a failure.
func codeOf(err error) exitCode {
	var stopped interrupted
	var coded *exitError
	var usage *usageError
	switch {
	case err == nil:
		return exitYes
	case errors.As(err, &stopped):
		return stopped.code()
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailure
}
