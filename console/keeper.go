package console

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluis/api/webhook"
	"sluis/exchange"
	"sluis/peer"
)

// drawKeeping is the map for the administrator (beheerder).
func (c *Console) drawKeeping() {
	c.page("GET /beheer", []exchange.Role{exchange.Administrator}, health)
}

// A care is something that the administrator should do, worst first.
type care struct {
	Key   string // of the words: what is wrong, and with .todo what to do
	Late  bool   // now; otherwise soon
	N     int
	On    time.Time
	Party string // or the system
}

// A keyLine is a key with its end, as the register has it.
type keyLine struct {
	Kind        string // the key of the word
	Name        string
	From, Until time.Time // Until is zero where it has no end
	Gone        bool      // ended or revoked
}

// A lawLine is a catalogue that the register brings.
type lawLine struct {
	Name    string
	Version uint64
}

// The state of the node, as the administrator sees it.
type state struct {
	Version, Name   string
	OIN             exchange.OIN
	Addresses       []string
	Entries         uint64
	Register        uint64
	Issued, Expires time.Time
	Expired         bool
	Recovering      bool
	Keys            []keyLine
	Law             []lawLine
	Disk            peer.Disk
	Backup          peer.Backups
	BackupLate      bool
	Outbox          []peer.Queue
	Waiting         int
	Alarms          []peer.Alarm
	Partners        []peer.Witnessed
	Webhooks        []webhook.State
	Staff           []exchange.Actor
	Cares           []care
}

const (
	// soonEnds is how long before the end of a key or register it is said.
	soonEnds = 30 * 24 * time.Hour
	// longWaits is after what time a message that waits is said.
	longWaits = 24 * time.Hour
	// readOnlyDisk is the code of a disk that takes no writes.
	readOnlyDisk = "disk-read-only"
)

// health shows how the node is: nothing personal but the names of staff.
func health(v *visit) error {
	s, err := v.state()
	if err != nil {
		return err
	}
	s.care(v)
	return v.show("health", v.word("health.title"), s)
}

func (v *visit) state() (s state, err error) {
	n := v.c.node
	id := n.Identity()
	s = state{Version: v.c.o.Version, Name: id.Name, OIN: id.OIN, Addresses: n.Addresses(), Waiting: n.Waiting(), Recovering: n.Recovery() != nil}
	_, s.Entries = n.Checkpoint()
	s.keys(v)
	if s.Disk, err = n.Disk(); err != nil {
		return s, err
	}
	if s.Backup, err = n.Backups(); err != nil {
		return s, err
	}
	s.BackupLate = s.Backup.Late(v.c.now())
	if s.Outbox, err = n.Outbox(v.r.Context()); err != nil {
		return s, err
	}
	if s.Alarms, err = n.Alarms(); err != nil {
		return s, err
	}
	if s.Partners, err = n.Witnesses(); err != nil {
		return s, err
	}
	if v.c.o.Webhooks != nil {
		if s.Webhooks, err = v.c.o.Webhooks(); err != nil {
			return s, err
		}
	}
	s.Staff, err = n.Staff(v.r.Context())
	return s, err
}

// keys lists what ends: the register, the root behind it, and our own keys in it.
func (s *state) keys(v *visit) {
	reg := v.c.node.Register()
	if reg == nil {
		return
	}
	at := v.c.now()
	s.Register, s.Issued, s.Expires = reg.Version(), reg.Issued(), reg.Expires()
	s.Expired = s.Expires.Before(at)
	for _, c := range reg.Catalogues() {
		s.Law = append(s.Law, lawLine{c.Name, c.Version})
	}
	line := func(kind, name string, from, until time.Time, revoked bool) {
		gone := revoked || !until.IsZero() && !at.Before(until)
		s.Keys = append(s.Keys, keyLine{kind, name, from, until, gone})
	}
	root := reg.Root()
	line("register", "", reg.Issued(), reg.Expires(), false)
	line("root", "", root.Issued, root.Expires, false)
	own, ok := reg.Entry(s.OIN)
	if !ok {
		return
	}
	for _, k := range own.Keys {
		line("signing", k.JWK.Kid, k.From, k.Until, !k.RevokedAt.IsZero() && !at.Before(k.RevokedAt))
	}
	for range own.Recipients {
		line("sealing", "", time.Time{}, time.Time{}, false)
	}
	line("ledger", "", time.Time{}, time.Time{}, false)
	line("witness", "", time.Time{}, time.Time{}, false)
}

// care lists what the administrator should do, so that nobody has to read the
// page to find it.
func (s *state) care(v *visit) {
	at := v.c.now()
	add := func(c care) { s.Cares = append(s.Cares, c) }
	for _, a := range s.Alarms {
		add(care{Key: "alarm", Late: true, Party: v.c.nameOf(exchange.PartyID{OIN: a.Party})})
	}
	switch {
	case s.Recovering:
		add(care{Key: "recovering", Late: true})
	case s.Register == 0:
		add(care{Key: "no-register", Late: true})
	}
	if v.c.node.Room() == readOnlyDisk {
		add(care{Key: "read-only", Late: true})
	} else if s.Disk.Free < s.Disk.Reserve {
		add(care{Key: "full", Late: true})
	} else if s.Disk.Free < 2*s.Disk.Reserve {
		add(care{Key: "filling"})
	}
	if ahead, compared := v.c.node.Clock(); compared > 0 && ahead.Abs() > exchange.Skew/2 {
		add(care{Key: "clock", Late: true})
	}
	for _, k := range s.Keys {
		switch {
		case k.Until.IsZero():
		case k.Gone && (k.Kind == "register" || k.Kind == "root"):
			add(care{Key: k.Kind + "-ended", Late: true, On: k.Until})
		case !k.Gone && k.Until.Before(at.Add(soonEnds)) && !v.renewed(*s, k):
			add(care{Key: k.Kind + "-ends", On: k.Until})
		}
	}
	switch {
	case s.Backup.Dir == "":
		add(care{Key: "no-backup"})
	case s.BackupLate:
		add(care{Key: "backup-late", Late: true})
	}
	for _, q := range s.Outbox {
		if at.Sub(q.Oldest) > longWaits {
			add(care{Key: "waiting", N: q.Count, On: q.Oldest, Party: v.c.nameOf(q.To)})
		}
	}
	for _, w := range s.Webhooks {
		if w.Failing() && at.Sub(w.Since) > webhook.Patience {
			add(care{Key: "webhook", Late: true, On: w.Since, Party: w.System})
		}
		if w.Aside > 0 {
			add(care{Key: "aside", N: w.Aside, Party: w.System})
		}
	}
	slices.SortStableFunc(s.Cares, func(a, b care) int {
		late := func(c care) int {
			if c.Late {
				return 0
			}
			return 1
		}
		return cmp.Compare(late(a), late(b))
	})
}

// renewed reports whether what ends is a signing key that another follows. A
// register is renewed by itself, within hours of its end on purpose: it is said
// only when half of its time is gone.
func (v *visit) renewed(s state, k keyLine) bool {
	switch k.Kind {
	case "register":
		return k.Until.Sub(v.c.now()) > k.Until.Sub(k.From)/2
	case "signing":
		return slices.ContainsFunc(s.Keys, func(other keyLine) bool {
			return other.Kind == "signing" && !other.Gone && (other.Until.IsZero() || other.Until.After(k.Until))
		})
	}
	return false
}

// inUnits is a number of bytes as people say it.
func inUnits(lang string, n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	at, value := 0, float64(n)
	for ; value >= 1024 && at < len(units)-1; at++ {
		value /= 1024
	}
	digits := 0
	if at > 0 && value < 10 {
		digits = 1
	}
	text := strconv.FormatFloat(value, 'f', digits, 64) + " " + units[at]
	if lang == "nl" {
		text = strings.Replace(text, ".", ",", 1)
	}
	return text
}
