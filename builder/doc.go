// Package builder makes SPF records of what an operator lists.
//
//   - [Load] reads the configuration: networks, gateways, services, domains.
//   - [Build] plans the records of each domain: it flattens, covers, splits and
//     names, and proves that what it made gives every address the result that
//     the list gives it.
//
// The list itself is a record too, though one that nobody could publish: each
// sender a term, however many, and every region a record to include. A plan is
// right when the policy of the records that it holds equals the policy of
// that one.
package builder
