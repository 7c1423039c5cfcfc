//go:build !heavy

package providers

// heavy gives the types of [heavyNames], which this build is without.
func heavy() []kind { return nil }
