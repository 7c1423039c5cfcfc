package spf

import (
	"time"
)

// Limits bound one evaluation (RFC 7208, Section 4.6.4). The zero value of a
// field stands for the RFC's number.
type Limits struct {
	Lookups int // terms that ask the DNS: include, a, mx, ptr, exists, redirect; 10
	Voids   int // of these terms, those whose answer may be empty; 2
	MX      int // names in the answer to one mx; 10
	PTR     int // names in the answer to one ptr or %{p}; 10
}

// DefaultTimeout bounds one evaluation where Checker.Timeout is zero (RFC
// 7208, Section 4.6.4, asks for at least 20 seconds).
const DefaultTimeout = 20 * time.Second
