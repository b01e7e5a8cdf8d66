package peer

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/google/uuid"

	"sluis/exchange"
	"sluis/store"
	"sluis/transport"
)

// What an administrator sees of a node, apart from what has a door of its own.
// Nothing of it is personal.

// A Disk is the room that the node has.
type Disk struct {
	Used int64 // by the directory of the node
	Free int64 // that can still be written
	// Reserve is the free room below which the node accepts nothing new.
	Reserve int64
	// Format is the form of the database, for an administrator who compares nodes.
	Format string
}

// Disk measures the directory of the node.
func (n *Node) Disk() (Disk, error) {
	free, err := n.store.Free()
	if err != nil {
		return Disk{}, err
	}
	used, err := sizeOf(n.dir)
	return Disk{Used: used, Free: free, Reserve: n.config.Limits.MinFreeBytes, Format: store.FormatText(StorageVersion())}, err
}

// sizeOf adds up the files of a directory. One that goes away meanwhile is none.
func sizeOf(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += info.Size()
		}
		return err
	})
	return total, err
}

// Backups is how the backup of a node stands.
type Backups struct {
	Dir   string    // "" where none is made
	Part  int       // number of the newest part, 0 when there is none, or its disk is away
	Last  time.Time // when that was made
	Whole time.Time // when the whole one was made that it adds to
	Next  time.Time // when another is wanted
	Bytes int64     // of all that is in the directory
}

// Late reports whether a part is missing at this time: there is none, or the next
// one is more than a day over its time.
func (b Backups) Late(at time.Time) bool {
	return b.Dir == "" || b.Part == 0 || at.After(b.Next.Add(24*time.Hour))
}

// Backups looks at the directory of the backup.
func (n *Node) Backups() (Backups, error) { return backups(n.config.Backup) }

func backups(config Backup) (Backups, error) {
	b := Backups{Dir: config.Dir}
	if b.Dir == "" {
		return b, nil
	}
	c, err := readChain(b.Dir)
	if err != nil || c.Part == 0 {
		return b, err
	}
	part, err := os.Stat(filepath.Join(b.Dir, c.part(c.Part)))
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	b.Part, b.Last, b.Whole = c.Part, part.ModTime(), c.Whole
	b.Next = b.Last.Add(time.Duration(config.Every))
	b.Bytes, err = sizeOf(b.Dir)
	return b, err
}

// A Queue is what waits in the outbox for one party.
type Queue struct {
	To     exchange.PartyID
	Count  int
	Oldest time.Time // when the message that waits longest was written
	Ends   time.Time // when the first of them is given up
	Tries  int       // in vain, of the message that was tried most
	Next   time.Time // when it is tried again; zero for now
	// Code is why it did not go the last time, "" when it was not tried yet.
	Code string
}

// Outbox lists what waits, per party, the longest first.
func (n *Node) Outbox(ctx context.Context) ([]Queue, error) {
	all := map[exchange.PartyID]Queue{}
	for after := ""; ; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		page, err := n.store.Outbox(after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, out := range page {
			after = out.ID
			to, err := exchange.ParsePartyID(out.To)
			if err != nil {
				return nil, err
			}
			q := all[to]
			q.To = to
			q.Count++
			if q.Ends.IsZero() || out.Expires.Before(q.Ends) {
				q.Ends = out.Expires
			}
			if at := writtenAt(out.ID); q.Oldest.IsZero() || at.Before(q.Oldest) {
				q.Oldest = at
			}
			if e, ok := n.courier.errand(out.ID); ok && e.tries > q.Tries {
				q.Tries, q.Next, q.Code = e.tries, e.next, e.code
			}
			all[to] = q
		}
		if len(page) < maxPage {
			break
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b Queue) int {
		return cmp.Or(a.Oldest.Compare(b.Oldest), cmp.Compare(a.To.String(), b.To.String()))
	}), nil
}

// writtenAt is the time in an ID of ours, a UUIDv7.
func writtenAt(id string) time.Time {
	u, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(u.Time().UnixTime())
}

// codeOfAttempt says in a code why a message did not go.
func codeOfAttempt(err error) string {
	var later *postponed
	switch {
	case err == nil:
		return ""
	case errors.As(err, &later):
		return later.code
	case errors.Is(err, transport.ErrUnreachable), errors.Is(err, transport.ErrRefusedByPeer), errors.Is(err, context.DeadlineExceeded):
		return unreachable
	case errors.Is(err, transport.ErrProtocol):
		return PartnerVersion
	case errors.Is(err, transport.ErrOutdated):
		return NodeOutdated
	}
	code, _ := classify(err)
	return code
}

const unreachable = "unreachable"
