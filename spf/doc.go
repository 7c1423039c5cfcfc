// Package spf is the Sender Policy Framework of RFC 7208: its grammar, its
// check_host function, and the policy that a domain publishes for every
// address at once.
//
//   - [Parse] reads a record into sealed types; [Record.String] prints it.
//   - [Checker.Check] evaluates one sender, as a receiver does.
//   - [Checker.Policy] evaluates one domain for all IPv4 and IPv6 addresses.
//
// The package asks the DNS through the [Resolver] interface only and depends
// on nothing but the standard library, go4.org/netipx and
// golang.org/x/net/idna. Domain names inside it are absolute, in lower case,
// with the final dot ([CanonicalName]).
package spf
