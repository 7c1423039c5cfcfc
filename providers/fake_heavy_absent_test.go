//go:build !heavy

package providers

func heavyFakes() []vendor { return nil }
