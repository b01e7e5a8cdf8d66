package peer

import (
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ownerOf is the number of the account that owns a file.
func ownerOf(info fs.FileInfo) (uid uint32, known bool) {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return s.Uid, true
}

// sameDisk reports whether two files are in one file system.
func sameDisk(a, b fs.FileInfo) bool {
	s, ok := a.Sys().(*syscall.Stat_t)
	t, also := b.Sys().(*syscall.Stat_t)
	return ok && also && s.Dev == t.Dev
}

// clockKept asks the kernel whether something keeps the clock right
// (adjtimex(2)).
func clockKept() (kept, known bool) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err == nil
}

// firstPort is the lowest port that an ordinary account may listen on.
func firstPort() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start")
	if err == nil {
		if port, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
			return port
		}
	}
	return 1024
}
