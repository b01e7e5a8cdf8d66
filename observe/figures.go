package observe

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluis/exchange"
)

// A figure is something that is looked up when somebody asks.
type figure struct {
	name, help string
	labels     []string
	kind       prometheus.ValueType
	desc       *prometheus.Desc
}

// The figures. A time is in seconds since 1970, as Prometheus has it, so that it
// is right however old the figure is; 0 is never.
var (
	entries      = gauge("sluis_ledger_entries", "Entries in the ledger.")
	lastEntry    = gauge("sluis_ledger_last_entry_timestamp_seconds", "When the last entry was written, and the checkpoint over it signed.")
	events       = counter("sluis_ledger_events_total", "Entries written since the node started, by kind (docs/protocol/30-ledger.md).", "kind")
	waiting      = gauge("sluis_outbox_messages", "Messages that wait for a partner, and why the last attempt failed.", "party", "code")
	oldest       = gauge("sluis_outbox_oldest_timestamp_seconds", "When the message was written that waits longest for a partner.", "party")
	givenUp      = gauge("sluis_outbox_ends_timestamp_seconds", "When the first message for a partner is given up.", "party")
	requests     = gauge("sluis_requests", "Requests that have not ended, by our side of them and where they stand.", "side", "phase")
	overdue      = gauge("sluis_requests_overdue", "Those whose term is over: on the side of the supplier a professional of ours has to act, on that of the asker somebody elsewhere.", "side")
	permissions  = gauge("sluis_permissions_waiting", "Requests to let something go on that wait for a decision of ours.")
	version      = gauge("sluis_register_version", "Version of the register in force; 0 when there is none.")
	expires      = gauge("sluis_register_expires_timestamp_seconds", "When the register in force expires.")
	recovering   = gauge("sluis_recovering", "1 while a node that was restored, or is an old copy, writes nothing.")
	oldCopy      = gauge("sluis_old_copy", "1 while a partner holds a newer state of the ledger than is here.")
	clockAhead   = gauge("sluis_clock_ahead_seconds", "How far the clock of the node runs ahead of those of partners, by the middle one.")
	clocks       = gauge("sluis_clock_partners", "Partners whose clocks were heard of in the last two days.")
	quotaOpen    = gauge("sluis_quota_open_requests", "Requests of a partner on which nobody has decided, up to the limit.", "party")
	quotaDay     = gauge("sluis_quota_day_requests", "Requests that a partner brought today (UTC), since the node started.", "party")
	quotaBytes   = gauge("sluis_quota_day_bytes", "Bytes of those.", "party")
	quotaFull    = gauge("sluis_quota_full", "1 for a partner that brings more than the limits allow.", "party")
	alarms       = gauge("sluis_alarms", "Ledgers of partners, or our own as others see it, that contradict themselves.")
	backup       = gauge("sluis_backup_timestamp_seconds", "When the newest part of the backup was made; 0 when there is none.")
	backupSize   = gauge("sluis_backup_bytes", "Size of the backup.")
	diskUsed     = gauge("sluis_disk_used_bytes", "Used by the directory of the node.")
	diskFree     = gauge("sluis_disk_free_bytes", "Free on the disk of the node.")
	diskWritable = gauge("sluis_disk_writable", "1 while the node can write: the disk is above its reserve and takes writes.")
	diskReserve  = gauge("sluis_disk_reserve_bytes", "Free room below which the node accepts nothing new.")
	connections  = gauge("sluis_connections", "Connections with other nodes, direct or through a relay.", "way")
	spoken       = gauge("sluis_partners_speaking", "Partners that answer to a protocol in this version, as each said when it was connected last.", "protocol")
	addresses    = gauge("sluis_listen_addresses", "Addresses on which the node listens.")
	relayed      = gauge("sluis_relay_addresses", "Addresses at relays where the node has a place now.")
	relaysWanted = gauge("sluis_relay_addresses_configured", "Addresses at relays that the configuration has.")
	placeEnds    = gauge("sluis_relay_place_ends_timestamp_seconds", "When the place at a relay ends that the node has; 0 when it has none there.", "relay")
	called       = gauge("sluis_callers", "Partners that have called the node by themselves since it started, by the best way that each had.", "way")
	behind       = gauge("sluis_logboek_behind_entries", "Entries that the organisation's processing log does not have yet.")
	failing      = gauge("sluis_logboek_failing_since_timestamp_seconds", "Since when handing over to the processing log fails; 0 when it does not.")
	hookAttempts = counter("sluis_webhook_attempts_total", "Attempts to tell a system of the organisation that something happened, since the node started, by how they ended.", "system", "outcome")
	hookOldest   = gauge("sluis_webhook_oldest_timestamp_seconds", "When the event happened that waits longest for a system; 0 when none waits.", "system")
	hookBehind   = gauge("sluis_webhook_behind_entries", "Entries of the ledger that were not looked at yet for a system.", "system")
	hookFailing  = gauge("sluis_webhook_failing_since_timestamp_seconds", "Since when a system takes no event; 0 when it does, or nothing waits.", "system")
	hookAside    = gauge("sluis_webhook_set_aside_events", "Events that were set aside because a system went on refusing them.", "system")
	unread       = gauge("sluis_figures_unread", "1 for what could not be looked up this time.", "source")
)

func gauge(name, help string, labels ...string) figure {
	return figure{name, help, labels, prometheus.GaugeValue, prometheus.NewDesc(name, help, labels, nil)}
}

func counter(name, help string, labels ...string) figure {
	return figure{name, help, labels, prometheus.CounterValue, prometheus.NewDesc(name, help, labels, nil)}
}

var all = []figure{
	entries, lastEntry, events, waiting, oldest, givenUp, requests, overdue, permissions, version, expires, recovering, oldCopy, alarms, backup, backupSize, diskUsed, diskFree, diskReserve, diskWritable, clockAhead, clocks,
	quotaOpen, quotaDay, quotaBytes, quotaFull,
	connections, addresses, relayed, relaysWanted, placeEnds, called, behind, failing, hookAttempts, hookOldest, hookBehind, hookFailing, hookAside, unread, spoken,
}

// figures is the collector of what is looked up.
type figures struct {
	of *Instruments

	mu      sync.Mutex // held while the ledger is followed
	counted *Node      // the node whose ledger is counted
	next    uint64     // entry that was not counted yet
	kinds   map[string]uint64
}

func newFigures(of *Instruments) *figures {
	f := &figures{of: of, kinds: map[string]uint64{}}
	for _, k := range exchange.EventKinds {
		f.kinds[string(k)] = 0 // so that the first is a rise
	}
	return f
}

// Describe lists the figures.
func (f *figures) Describe(to chan<- *prometheus.Desc) {
	for _, one := range all {
		to <- one.desc
	}
}

// A tell takes one value of a figure.
type tell func(f figure, value float64, labels ...string)

// Collect looks everything up.
func (f *figures) Collect(to chan<- prometheus.Metric) {
	node := f.of.node.Load()
	if node == nil {
		return
	}
	say := func(one figure, value float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(one.desc, one.kind, value, labels...)
	}
	f.state(node, say)
	for source, look := range map[string]func(*Node, tell) error{
		"ledger": f.ledger, "outbox": f.outbox, "alarms": f.alarms, "backup": f.backup, "disk": f.disk, "quota": f.quota,
		"webhooks": f.webhooks, "requests": f.requests,
	} {
		failed := 0.
		if err := look(node, say); err != nil {
			failed = 1
			f.of.log.Warn("a figure could not be looked up", "source", source, "error", err.Error())
		}
		say(unread, failed, source)
	}
}

// state tells what the node holds in memory.
func (f *figures) state(n *Node, say tell) {
	if r := n.Register(); r != nil {
		say(version, float64(r.Version()))
		say(expires, seconds(r.Expires()))
	} else {
		say(version, 0)
	}
	r := n.Recovery()
	say(recovering, yes(r != nil))
	say(oldCopy, yes(r != nil && r.Behind()))
	ahead, compared := n.Clock()
	say(clockAhead, ahead.Seconds())
	say(clocks, float64(compared))
	direct, through := n.Connections()
	say(connections, float64(direct), "direct")
	say(connections, float64(through), "relay")
	for id, count := range n.Spoken() {
		say(spoken, float64(count), id)
	}
	places, listens := 0, 0
	for _, a := range n.Addresses() {
		if strings.HasSuffix(a, "/p2p-circuit") {
			places++
		} else {
			listens++
		}
	}
	say(addresses, float64(listens))
	say(relayed, float64(places))
	say(relaysWanted, float64(n.Relays))
	for _, p := range n.Places() {
		say(placeEnds, seconds(p.Until), p.Relay)
	}
	callers := n.Callers()
	say(called, float64(callers.Direct), "direct")
	say(called, float64(callers.Relayed), "relay")
	if n.Logboek != nil {
		lag, since := n.Logboek()
		say(behind, float64(lag))
		say(failing, seconds(since))
	}
}

// ledger tells the size of the ledger, and counts the kinds of what was added
// since the last time. Headers are in clear and say nothing of a person.
func (f *figures) ledger(n *Node, say tell) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, size := n.Checkpoint()
	if f.counted != n {
		f.counted, f.next = n, size
	}
	for f.next < size {
		page, err := n.Entries(f.next, int(min(size-f.next, pageSize)))
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, e := range page {
			f.kinds[e.Kind]++
		}
		f.next += uint64(len(page))
	}
	say(entries, float64(size))
	for kind, count := range f.kinds {
		say(events, float64(count), kind)
	}
	if size == 0 {
		return nil
	}
	last, err := n.Entries(size-1, 1)
	if err == nil && len(last) == 1 {
		say(lastEntry, seconds(last[0].Time))
	}
	return err
}

const pageSize = 1000

// requests tells how much there is to do. Numbers only: with a party or a purpose
// beside them, a 1 would say that somebody is asked about there.
func (f *figures) requests(n *Node, say tell) error {
	w, err := n.Workload(context.Background())
	if err != nil {
		return err
	}
	for s, count := range w.Open {
		say(requests, float64(count), string(s.Side), string(s.Phase))
	}
	for side, count := range w.Overdue {
		say(overdue, float64(count), string(side))
	}
	say(permissions, float64(w.Permissions))
	return nil
}

// outbox tells per organisation what waits for it: whoever runs the node has to
// know whom to call.
func (f *figures) outbox(n *Node, say tell) error {
	queues, err := n.Outbox(context.Background())
	if err != nil {
		return err
	}
	type partner struct {
		count, tries int
		code         string
		oldest, ends time.Time
	}
	partners := map[exchange.OIN]partner{}
	for _, q := range queues {
		p, known := partners[q.To.OIN]
		p.count += q.Count
		if q.Tries > p.tries || !known {
			p.tries, p.code = q.Tries, q.Code
		}
		if !known || q.Oldest.Before(p.oldest) {
			p.oldest = q.Oldest
		}
		if !known || q.Ends.Before(p.ends) {
			p.ends = q.Ends
		}
		partners[q.To.OIN] = p
	}
	for oin, p := range partners {
		say(waiting, float64(p.count), string(oin), f.of.names.known(cmp.Or(p.code, none)))
		say(oldest, seconds(p.oldest), string(oin))
		say(givenUp, seconds(p.ends), string(oin))
	}
	return nil
}

func (f *figures) alarms(n *Node, say tell) error {
	raised, err := n.Alarms()
	if err == nil {
		say(alarms, float64(len(raised)))
	}
	return err
}

func (f *figures) backup(n *Node, say tell) error {
	b, err := n.Backups()
	if err == nil {
		say(backup, seconds(b.Last))
		say(backupSize, float64(b.Bytes))
	}
	return err
}

func (f *figures) disk(n *Node, say tell) error {
	d, err := n.Disk()
	if err == nil {
		say(diskUsed, float64(d.Used))
		say(diskFree, float64(d.Free))
		say(diskReserve, float64(d.Reserve))
		say(diskWritable, yes(n.Room() == ""))
	}
	return err
}

// quota tells per organisation what it brings.
func (f *figures) quota(n *Node, say tell) error {
	all, err := n.Quotas()
	for _, q := range all {
		say(quotaOpen, float64(q.Open), string(q.Party))
		say(quotaDay, float64(q.Requests), string(q.Party))
		say(quotaBytes, float64(q.Bytes), string(q.Party))
		say(quotaFull, yes(q.Full), string(q.Party))
	}
	return err
}

// webhooks tells per system of the organisation whether it takes what happens. Its
// name stands in the configuration, and an outcome is a code or a status.
func (f *figures) webhooks(n *Node, say tell) error {
	if n.Webhooks == nil {
		return nil
	}
	states, err := n.Webhooks()
	for _, s := range states {
		for outcome, count := range s.Attempts {
			say(hookAttempts, float64(count), s.System, outcome)
		}
		since := time.Time{}
		if s.Failing() {
			since = s.Since
		}
		say(hookFailing, seconds(since), s.System)
		say(hookOldest, seconds(s.Oldest), s.System)
		say(hookBehind, float64(s.Behind), s.System)
		say(hookAside, float64(s.Aside), s.System)
	}
	return err
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func yes(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
