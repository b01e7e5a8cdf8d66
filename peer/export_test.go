package peer

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"sluis/crypto"
	"sluis/exchange"
	"sluis/exchange/wire"
	"sluis/ledger"
	"sluis/store"
)

// KeptMessages are the messages that a node keeps of one side of an exchange: what a
// party can do with them when its node does not stand in the way.
func (n *Node) KeptMessages(id exchange.ID, side exchange.Side) (all []wire.Message, err error) {
	kept, err := n.messagesOf(rowKey(id, side))
	for _, m := range kept {
		read, err := wire.ReadKept(m.token)
		if err != nil {
			return nil, err
		}
		all = append(all, read)
	}
	return all, err
}

// AsFirst makes this program store what the first version stored, until upgrade.
func AsFirst() (upgrade func()) {
	now := steps
	steps = nil
	return func() { steps = now }
}

// PrivatePart opens the private part of an entry.
func (n *Node) PrivatePart(e ledger.Entry) ([]byte, error) { return n.store.Private(e) }

// DossiersOf are the dossiers that an inspection of a person opens.
func (n *Node) DossiersOf(s exchange.Sought) ([]string, error) {
	return n.dossiersOf(Inspecting{BSN: s.BSN, Name: s.Name, Born: s.Born})
}

// Size is the number of entries in the ledger.
func (n *Node) Size() uint64 { return n.store.Size() }

// Finds lists the tables of which a decrypted row holds words, also within a
// signed message: what somebody with every key of the node could read.
func (n *Node) Finds(words string) (tables []string, err error) {
	for _, table := range []string{
		tableCase, tableExchange, tableMessage, tableReceipt, tableHold, tableConference, tableContribution, tableDraft, tableStaff, tableUse, tableOnce,
	} {
		after := ""
		for {
			rows, err := n.store.List(table, after, maxPage)
			if err != nil {
				return nil, err
			}
			for _, row := range rows {
				after = row.Key
				if strings.Contains(plain(row), words) {
					tables = append(tables, table)
				}
			}
			if len(rows) < maxPage {
				break
			}
		}
	}
	return slices.Compact(tables), nil
}

// plain is a row with the base64 of signed messages in it written out.
func plain(row store.Row) string {
	text := bytes.NewBuffer(slices.Clone(row.Value))
	for _, part := range bytes.FieldsFunc(row.Value, func(r rune) bool { return strings.ContainsRune(".~\n", r) }) {
		if b, err := base64.RawURLEncoding.DecodeString(string(part)); err == nil {
			text.Write(b)
		}
	}
	return text.String()
}

// Opens reports whether the private part of any entry of such a kind can still be
// opened.
func (n *Node) Opens(kinds ...exchange.EventKind) (opened, closed int, err error) {
	for from := uint64(0); from < n.store.Size(); {
		entries, err := n.store.Entries(from, maxPage)
		if err != nil {
			return 0, 0, err
		}
		for _, e := range entries {
			if !slices.Contains(kinds, exchange.EventKind(e.Kind)) {
				continue
			}
			if key, err := n.store.PartKey(e); err == nil && !key.IsZero() {
				opened++
			} else {
				closed++
			}
		}
		from += uint64(len(entries))
	}
	return opened, closed, nil
}

// Reread has the relay look at the file of its register now.
func (r *Relay) Reread() { r.reread() }

// Middle is the reading of clocks that counts.
var Middle = middle

// SweepNow makes the daily sweep due.
func (n *Node) SweepNow() { n.sweep <- struct{}{} }

// Migration is what the store of a node is opened with.
func Migration() store.Migration { return migration() }

// Remembered counts the acts that are remembered by a key.
func (n *Node) Remembered() int {
	rows, err := n.store.List(tableOnce, "", maxPage)
	if err != nil {
		return -1
	}
	return len(rows)
}

// RecoverOnce does the duty of a restored node once.
func (n *Node) RecoverOnce(ctx context.Context) { n.recover(ctx) }

// WitnessOnce looks at the ledger of a partner once.
func (n *Node) WitnessOnce(ctx context.Context, oin exchange.OIN) { n.round(ctx, oin) }

// ForgetHeld takes a use out of the row that says which keys the ledger knows of.
func (n *Node) ForgetHeld(u crypto.Use) error {
	held, was, err := n.accounted(n.keys.Load())
	if err != nil {
		return err
	}
	held.Keys = slices.DeleteFunc(held.Keys, func(k heldKey) bool { return k.Use == u })
	row, err := json.Marshal(held)
	if err != nil {
		return err
	}
	_, err = n.store.Write(context.Background(), store.Change{
		Dossier: store.NodeDossier, Puts: []store.Record{{Table: tableKeys, Key: keysHeld, Value: row, Was: was}},
		Record: []store.Event{{Kind: string(exchange.BackupMade), Private: []byte("{}")}},
	})
	return err
}

// ListDestroyed writes the list of what was destroyed.
func (n *Node) ListDestroyed() error { return n.listDestroyed() }
