package wire

import "encoding/json"

type receiptBody struct {
	Entry      []byte   `json:"entry"`
	Checkpoint string   `json:"checkpoint"`
	Proof      [][]byte `json:"proof"`
}

func decodeReceipt(body []byte) (Evidence, error) {
	var b receiptBody
	if err := json.Unmarshal(body, &b); err != nil {
		return Evidence{}, fault(MessageSchema)
	}
	return Evidence{Entry: b.Entry, Checkpoint: []byte(b.Checkpoint), Proof: b.Proof}, nil
}
