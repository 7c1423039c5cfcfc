// Package resolver implements [spf.Resolver]: a client that asks name servers
// ([Open]), zone files ([World]), and a [Recorder] over either.
package resolver
