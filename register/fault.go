package register

// A Fault says why a register, a root or an entry was refused. It holds nothing
// of a person: Detail is made of versions, dates and OINs.
type Fault struct {
	Code   string
	Detail string
	cause  error
}

// Error is the code, what is wrong, and what to do.
func (f *Fault) Error() string {
	text := f.Code + ": " + advice(f.Code)
	if f.Detail != "" {
		text += " (" + f.Detail + ")"
	}
	return text
}

// Is reports whether target is a fault with the same code.
func (f *Fault) Is(target error) bool {
	t, ok := target.(*Fault)
	return ok && t.Code == f.Code
}

// Unwrap returns the error of the signature check, for [BadSignature] and
// [TooFewSignatures].
func (f *Fault) Unwrap() error { return f.cause }

func fault(code, detail string) *Fault { return &Fault{Code: code, Detail: detail} }

// The codes of faults. They are part of the protocol: never renamed or reused;
// docs/protocol/20-register.md lists them.
const (
	BundleTooLarge     = "register-too-large"
	BundleForm         = "register-bundle-form"
	RegisterForm       = "register-form"
	RegisterExpired    = "register-expired"
	RegisterRollback   = "register-rollback"
	RegisterForked     = "register-forked"
	RegisterRoot       = "register-other-root"
	RootForm           = "root-form"
	RootExpired        = "root-expired"
	RootRollback       = "root-rollback"
	RootForked         = "root-forked"
	RootChainBroken    = "root-chain-broken"
	RootNotPinned      = "root-not-pinned"
	BadSignature       = "register-signature"
	TooFewSignatures   = "too-few-signatures"
	DuplicateOIN       = "duplicate-oin"
	DuplicatePeer      = "duplicate-peer"
	DuplicateKey       = "duplicate-key"
	DuplicateRecipient = "duplicate-recipient"
	DuplicateLedger    = "duplicate-ledger"
	BadOIN             = "bad-oin"
	BadName            = "bad-name"
	BadCapacity        = "bad-capacity"
	BadPeer            = "bad-peer"
	BadAddress         = "bad-address"
	BadKey             = "bad-key"
	BadRecipient       = "bad-recipient"
	BadCheckpointKey   = "bad-checkpoint-key"
	BadWitnessKey      = "bad-witness-key"
	BadContact         = "bad-contact"
	BadCatalogue       = "bad-catalogue"
	PartyExists        = "party-exists"
	PartyMissing       = "party-missing"
	KeyMissing         = "key-missing"
)

// Codes lists every code of a [Fault], so that tests can walk them.
var Codes = [...]string{
	BundleTooLarge, BundleForm, RegisterForm, RegisterExpired, RegisterRollback, RegisterForked, RegisterRoot, RootForm, RootExpired,
	RootRollback, RootForked, RootChainBroken, RootNotPinned, BadSignature, TooFewSignatures, DuplicateOIN, DuplicatePeer, DuplicateKey,
	DuplicateRecipient, DuplicateLedger, BadOIN, BadName, BadCapacity, BadPeer, BadAddress, BadKey, BadRecipient, BadCheckpointKey,
	BadWitnessKey, BadContact, BadCatalogue, PartyExists, PartyMissing, KeyMissing,
}

// advice is what is wrong and what to do, or "" for an unknown code.
func advice(code string) string {
	switch code {
	case BundleTooLarge:
		return "the register is larger than 32 MiB; fetch it from the register authority again"
	case BundleForm:
		return "this is not a register bundle; fetch it from the register authority again"
	case RegisterForm:
		return "the register has members or a form that this version does not know; update this node, or have the authority publish it again"
	case RegisterExpired:
		return "the register has expired; ask the register authority for a newer one"
	case RegisterRollback:
		return "the register is older than the one this node has; ask the register authority for the current one"
	case RegisterForked:
		return "this node has another register of the same version; do not use it, and report both to the register authority"
	case RegisterRoot:
		return "the register was made for another root than the newest in the bundle; have the authority publish it again"
	case RootForm:
		return "this is not a root document of the register authority; fetch it again"
	case RootExpired:
		return "the newest root has expired; ask the register authority to publish a new one"
	case RootRollback:
		return "the roots are older than those this node has; ask the register authority for the current register"
	case RootForked:
		return "this node has another root of the same version; do not use it, and report both to the register authority"
	case RootChainBroken:
		return "a root is not signed by the one before it, or one is missing; ask the register authority for the whole chain"
	case RootNotPinned:
		return "the register belongs to another authority than the one this node was made for; compare the fingerprints of the roots"
	case BadSignature:
		return "a signature is malformed or does not verify; fetch the register from the register authority again"
	case TooFewSignatures:
		return "not enough of the register authorities have signed; let the others sign"
	}
	return entryAdvice(code)
}

func entryAdvice(code string) string {
	switch code {
	case DuplicateOIN:
		return "two parties have the same OIN; remove one, or join their capacities"
	case DuplicatePeer:
		return "two parties have the same peer ID; one of them must make keys of its own"
	case DuplicateKey:
		return "two parties have the same signing key; one of them must make keys of its own"
	case DuplicateRecipient:
		return "two parties have the same recipient, or one has it twice; one of them must make keys of its own"
	case DuplicateLedger:
		return "two parties have the same ledger name, witness name, checkpoint key or witness key, or one has a key twice; one of them must make keys of its own"
	case BadOIN:
		return "an OIN is not valid: it has 20 digits and starts with 000000; correct the entry"
	case BadName:
		return "the name of a party is empty, longer than 200 characters, or has characters that don't print; correct the entry"
	case BadCapacity:
		return "a party has no capacity, one twice, or one with an unknown regime or category; correct the entry"
	case BadPeer:
		return "a peer ID is not that of an Ed25519 key; take the entry from `sluis keys show`"
	case BadAddress:
		return "an address is not a multiaddress without peer ID, such as /ip4/192.0.2.1/tcp/4001; correct the entry"
	case BadKey:
		return "a signing key is not an Ed25519 JWK with its thumbprint as kid, or its dates contradict each other; take the entry from `sluis keys show`"
	case BadRecipient:
		return "a party has no recipient, or one that is not a hybrid post-quantum one (age1pq1...); take the entry from `sluis keys show`"
	case BadCheckpointKey:
		return "the checkpoint key is not a note verifier key with Ed25519; take the entry from `sluis keys show`"
	case BadWitnessKey:
		return "the witness key is not a verifier key for Ed25519 cosignatures; take the entry from `sluis keys show`"
	case BadContact:
		return "a contact is too long or has characters that don't print; correct the entry"
	case BadCatalogue:
		return "a catalogue of the law is missing, too many, or not as it must be; correct it and publish again, or fetch the register from the authority again"
	case PartyExists:
		return "the register has a party with this OIN already; change it instead"
	case PartyMissing:
		return "the register has no party with this OIN; add it instead"
	case KeyMissing:
		return "the party has no signing key with this kid; look it up in the register"
	}
	return ""
}
