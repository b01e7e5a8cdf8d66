package peer

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"sluis/store"
)

// roomEvery is how often the node measures the disk when nobody writes.
const roomEvery = 15 * time.Second

// Room is whether the node can write now: "", or the code of why not.
func (n *Node) Room() string {
	err := n.store.Room()
	if err == nil {
		return ""
	}
	code, _ := classify(err)
	return code
}

// keepRoom measures the disk, so that it is said that nothing can be written also
// when nobody tries, and what waits goes on as soon as something can.
func (n *Node) keepRoom() func(context.Context) time.Time {
	lacked := false
	return func(context.Context) time.Time {
		lacks := n.store.Room() != nil
		if lacked && !lacks {
			n.courier.allReachable()
		}
		lacked = lacks
		return n.now().Add(roomEvery)
	}
}

// fate is why the store stopped while the duties ran: nil when it was closed.
func (n *Node) fate() error {
	if err := n.store.Room(); !errors.Is(err, store.ErrClosed) {
		return err
	}
	return nil
}

// writable reports whether the file system of a directory takes writes. What this
// account may not write is not looked at.
func writable(dir string) bool {
	f, err := os.CreateTemp(dir, ".writable-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	return !errors.Is(err, syscall.EROFS) && !errors.Is(err, syscall.EIO)
}
