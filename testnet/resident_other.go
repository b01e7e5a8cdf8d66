//go:build !linux

package testnet

import "io/fs"

// resident is not known here.
func resident() int64 { return 0 }

func blocks(info fs.FileInfo) int64 { return info.Size() }
