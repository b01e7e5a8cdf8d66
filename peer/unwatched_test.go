//go:build !race

package peer_test

// largeRegister is every municipality with all that it works with.
const largeRegister = 5000
