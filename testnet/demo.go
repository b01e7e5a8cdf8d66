package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"sluis/exchange"
	"sluis/schemas"
)

// Demo says what demonstration to give.
type Demo struct {
	// Dir keeps the network afterwards. It must be empty or missing. Default: a
	// temporary directory that is removed.
	Dir string
	// Scenarios are the stories to play, by name. Default: all.
	Scenarios []string
	// Tell receives each thing as it happens.
	Tell func(Told)
}

// Play starts a fresh network, plays the stories on it, proves every ledger,
// and takes the network down. An error that is a [*Failure] means that
// something did not hold; it has been told.
func (d Demo) Play(ctx context.Context) (err error) {
	stories, err := Scenarios(d.Scenarios...)
	if err != nil {
		return err
	}
	catalogue, err := exchange.ParseLaw(schemas.Catalogues())
	if err != nil {
		return err
	}
	began := time.Now()
	dir := d.Dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "sluis-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("%s is not empty; a demonstration starts on a fresh network", dir)
	}
	n, err := Start(ctx, Config{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	d.Tell(Told{
		What: ToldNetwork, Details: n.introduction(),
		Text: fmt.Sprintf("%d organisations, each with a node of its own: keys, database, ledger, and an address on this machine. "+
			"There is no centre. People and organisations are invented.", len(n.order)),
	})
	player := &Player{Net: n, Tell: d.Tell, Catalogue: catalogue}
	for _, s := range stories {
		if err := player.Play(ctx, s); err != nil {
			return err
		}
	}
	d.Tell(Told{What: ToldNetwork, Text: ""})
	d.Tell(Told{What: ToldNetwork, Text: "Every node reads its whole ledger again and proves it:"})
	if err := n.Verify(ctx, d.Tell); err != nil {
		return err
	}
	if err := d.search(dir, stories); err != nil {
		return err
	}
	d.Tell(Told{What: ToldNetwork, Text: ""})
	d.Tell(Told{
		What: ToldNetwork,
		Text: fmt.Sprintf("Stories played: %d, all as expected, in %.1f seconds.", len(stories), time.Since(began).Seconds()),
	})
	return nil
}

// search looks for the people and texts of the stories in everything that the
// nodes have on disk.
func (d Demo) search(dir string, stories []Scenario) error {
	var secrets []string
	for _, s := range stories {
		secrets = append(secrets, s.Secrets()...)
	}
	found, err := SearchTraces(dir, secrets)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		f := &Failure{
			Scenario: "the disk", Step: "search for what the stories tell",
			Reason: fmt.Sprintf("%d places can be read without a key, the first in %s at %d", len(found), found[0].Where, found[0].Offset),
		}
		d.Tell(Told{What: ToldFailed, Text: "The data directories hold something of the stories in clear.", Details: []Detail{{"but", f.Reason}}})
		return f
	}
	d.Tell(Told{
		What: ToldProved,
		Text: fmt.Sprintf("On disk: none of the %d names, numbers and texts of the stories can be found without a key.", len(secrets)),
	})
	return nil
}

func (n *Net) introduction() []Detail {
	var all []Detail
	for _, key := range n.order {
		m := n.nodes[key].member
		all = append(all, Detail{key, fmt.Sprintf("%s, OIN %s", m.Party.Name, m.Party.OIN)})
	}
	return all
}
