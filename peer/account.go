package peer

import (
	"context"
	"encoding/json"
	"errors"

	"sluis/exchange"
	"sluis/store"
)

// MaxAccount bounds the value of an [Account], in bytes.
const MaxAccount = 64 << 10

// An Account is what a door keeps of how a person proves who he is. What he may
// do is not in it: that is [exchange.Actor].
type Account struct {
	ID exchange.ActorID
	// Value is opaque here: the door that wrote it can read it. The store seals
	// it under the record key of the node.
	Value []byte
	// Version is the one that was read; 0 for an account that is new. A change
	// that was made in between is found by it.
	Version uint64
}

// An AccountChange says what became of an account.
type AccountChange string

// The changes.
const (
	AccountInvited   AccountChange = "invited"
	PasswordSet      AccountChange = "password-set" // with its second factor
	PasskeyAdded     AccountChange = "passkey-added"
	PasskeyRemoved   AccountChange = "passkey-removed"
	RecoveryRenewed  AccountChange = "recovery-renewed"
	AccountLinked    AccountChange = "linked" // to what an identity provider says of him, or no more
	AccountWithdrawn AccountChange = "withdrawn"
)

// An AccountAct is a change of an account, as the ledger tells it.
type AccountAct struct {
	Change AccountChange
	By     exchange.ActorID // who did it; empty for the holder of the node's own door
	// Invited says that it was by an invitation, and InvitedBy whose: whoever opened
	// that link did it, and it need not have been the holder of the account.
	Invited   bool
	InvitedBy exchange.ActorID
}

// A SignIn tells what happened at a door.
type SignIn struct {
	// Who is empty where nobody was recognised. What was typed is not told.
	Who     exchange.ActorID
	Method  SignInMethod
	Outcome SignInOutcome
	// Count is how many refusals the entry stands for, or came before a sign-in.
	Count int
}

// A SignInMethod is by what a person proves who he is.
type SignInMethod string

// The methods.
const (
	ByPassword     SignInMethod = "password" // with a code of the moment
	ByRecoveryCode SignInMethod = "recovery-code"
	ByPasskey      SignInMethod = "passkey"
	ByProvider     SignInMethod = "provider"
	ByLink         SignInMethod = "link" // of a test network: nothing was proved
)

// A SignInOutcome is how it ended.
type SignInOutcome string

// The outcomes.
const (
	SignInDone    SignInOutcome = "done"
	SignInRefused SignInOutcome = "refused"
	SignedOut     SignInOutcome = "signed-out"
)

// StaffMember is one member of staff, also one who has left. An unknown one is
// [UnknownActor].
func (n *Node) StaffMember(_ context.Context, id exchange.ActorID) (exchange.Actor, error) {
	return n.colleague(id)
}

// Account reads the account of a person. Without one it is [UnknownAccount].
func (n *Node) Account(_ context.Context, id exchange.ActorID) (Account, error) {
	value, version, err := n.store.Get(tableAccount, string(id))
	if errors.Is(err, store.ErrNotFound) {
		return Account{}, fault(UnknownAccount)
	}
	return Account{ID: id, Value: value, Version: version}, err
}

// Accounts lists every account, by ID.
func (n *Node) Accounts(context.Context) ([]Account, error) {
	var all []Account
	after := ""
	for {
		rows, err := n.store.List(tableAccount, after, maxPage)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			all, after = append(all, Account{ID: exchange.ActorID(row.Key), Value: row.Value, Version: row.Version}), row.Key
		}
		if len(rows) < maxPage {
			return all, nil
		}
	}
}

// SaveAccount writes an account, new or changed, and tells the ledger what it
// was and who did it. When somebody else changed it first it is [Busy]. It returns
// the account as it stands, for a next change.
func (n *Node) SaveAccount(ctx context.Context, a Account, act AccountAct) (Account, error) {
	if _, err := n.colleague(a.ID); err != nil {
		return Account{}, err
	}
	entry, err := accountEntry(a.ID, act)
	if err != nil {
		return Account{}, err
	}
	return n.putAccount(ctx, a, entry)
}

// RemoveAccount forgets how a person proves who he is.
func (n *Node) RemoveAccount(ctx context.Context, a Account, by exchange.ActorID) error {
	entry, err := accountEntry(a.ID, AccountAct{Change: AccountWithdrawn, By: by})
	if err != nil {
		return err
	}
	_, err = n.store.Write(ctx, store.Change{
		Dossier: store.NodeDossier,
		Deletes: []store.Deletion{{Table: tableAccount, Key: string(a.ID), Was: a.Version}},
		Record:  []store.Event{entry},
	})
	if errors.Is(err, store.ErrOvertaken) {
		return fault(Busy)
	}
	return err
}

// RecordSignIn tells the ledger what happened at a door. A sign-in that uses
// something up, such as a code, saves the account in the same commit; otherwise
// used is nil. Nobody signs in at a node that is being recovered.
func (n *Node) RecordSignIn(ctx context.Context, s SignIn, used *Account) error {
	if s.Outcome == SignInDone && (n.store.Recovering() || n.recovery.Load() != nil) {
		return n.heldBack()
	}
	part, err := json.Marshal(struct {
		By      exchange.ActorID `json:"by,omitempty"`
		Method  SignInMethod     `json:"method"`
		Outcome SignInOutcome    `json:"outcome"`
		Count   int              `json:"count,omitempty"`
	}{s.Who, s.Method, s.Outcome, s.Count})
	if err != nil {
		return err
	}
	entry := store.Event{Kind: string(exchange.SignedIn), Private: part}
	if used != nil {
		_, err = n.putAccount(ctx, *used, entry)
		return err
	}
	_, err = n.store.Write(ctx, store.Change{Dossier: store.NodeDossier, Record: []store.Event{entry}})
	return err
}

func (n *Node) putAccount(ctx context.Context, a Account, entry store.Event) (Account, error) {
	if len(a.Value) == 0 || len(a.Value) > MaxAccount {
		return Account{}, &exchange.Refusal{Code: exchange.BadRequest, Params: []string{"field", "account"}}
	}
	w, err := n.store.Write(ctx, store.Change{
		Dossier: store.NodeDossier,
		Puts:    []store.Record{{Table: tableAccount, Key: string(a.ID), Value: a.Value, Was: a.Version}},
		Record:  []store.Event{entry},
	})
	if errors.Is(err, store.ErrOvertaken) {
		return Account{}, fault(Busy)
	}
	a.Version = w.Version()
	return a, err
}

// accountPart is the sealed part of an entry about an account.
type accountPart struct {
	By        exchange.ActorID `json:"by,omitempty"`
	Staff     exchange.ActorID `json:"staff"`
	Change    AccountChange    `json:"change"`
	Invited   bool             `json:"invited,omitempty"`
	InvitedBy exchange.ActorID `json:"invitedBy,omitempty"`
}

func accountEntry(id exchange.ActorID, act AccountAct) (store.Event, error) {
	part, err := json.Marshal(accountPart{act.By, id, act.Change, act.Invited, act.InvitedBy})
	return store.Event{Kind: string(exchange.AccountChanged), Private: part}, err
}
