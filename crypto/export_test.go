package crypto

// What tests of the inner forms need.
var (
	DecodeKeys         = decodeKeys
	DecodeAuthorityKey = decodeAuthorityKey
	VerifySignature    = verifySignature
	Pad                = pad
	Unpad              = unpad
	PaddedSize         = paddedSize
	HybridOnly         = hybridOnly
)

// Encode writes the plaintext of a keystore.
func (k *Keys) Encode() ([]byte, error) { return k.encode() }

// MaxHeader is the longest header of a sealed message.
const MaxHeader = maxHeader
