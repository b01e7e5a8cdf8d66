//go:build !linux

package peer

import "io/fs"

// ownerOf is not known here: a node that is meant to last runs on Linux.
func ownerOf(fs.FileInfo) (uid uint32, known bool) { return 0, false }

// sameDisk is not known here.
func sameDisk(_, _ fs.FileInfo) bool { return false }

// clockKept is not known here.
func clockKept() (kept, known bool) { return false, false }

// firstPort is the lowest port that an ordinary account may listen on.
func firstPort() int { return 1024 }
