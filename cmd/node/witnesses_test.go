package main

import (
	"encoding/json"
	"reflect"
	"testing"

	"sluis/api"
	"sluis/peer"
)

// The file holds the evidence as the node keeps it: nothing is lost on the way.
func TestEvidenceFile(t *testing.T) {
	alarm := peer.Alarm{
		ID: "0193a0b0-0000-7000-8000-0000000000aa", Found: peer.TwoRoots, Party: "00000099000002002000", Origin: "sluis.invalid/ledger/00000099000002002000",
		First:  peer.Shown{Note: "o\n1\nx\n\n— o <&>\n", Key: "o+1+x", Size: 1, From: "00000099000002002000"},
		Second: peer.Shown{Note: "o\n1\ny\n\n— o y\n", Key: "o+1+x", Size: 1, From: "00000099000003003000"}, Register: 7, Witness: "00000099000001001000",
	}
	evidence, err := json.Marshal(alarm)
	if err != nil {
		t.Fatal(err)
	}
	text, err := evidenceFile([]api.Alarm{{Evidence: string(evidence)}})
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Format string
		Alarms []peer.Alarm
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	if file.Format != "sluis-alarms/1" || len(file.Alarms) != 1 || !reflect.DeepEqual(file.Alarms[0], alarm) {
		t.Errorf("the file is %s", text)
	}
	if none, err := evidenceFile(nil); err != nil || json.Unmarshal(none, &file) != nil || len(file.Alarms) != 0 {
		t.Errorf("without alarms it is %s, %v", none, err)
	}
}
