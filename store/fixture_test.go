package store_test

import (
	"bytes"
	"testing"

	"sluis/crypto"
)

// The master keys of the tests.
func master(t testing.TB) crypto.Secret      { return secret(t, 1) }
func otherMaster(t testing.TB) crypto.Secret { return secret(t, 2) }

func secret(t testing.TB, b byte) crypto.Secret {
	t.Helper()
	s, err := crypto.ParseSecret(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}
