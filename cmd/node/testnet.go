package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sluis/testnet"
)

func testnetCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "testnet",
		GroupID: "network",
		Short:   "Try it: a whole network of invented organisations on this machine",
		Long: `Runs invented organisations on this machine, each with a real node: a directory,
keys, a database, a ledger, and an address on loopback. Nothing leaves the machine.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(demoCommand(t), upCommand(t), loadCommand(t))
	return cmd
}

func demoCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "demo [SCENARIO...]",
		Short: "Play stories on a fresh network and prove afterwards that both sides agree",
		Long: `Starts a fresh network, plays the stories through the API of the nodes, and tells
each step as it happens. At the end of each story both ledgers and all receipts
are compared; at the end of the run every node proves its whole ledger. When
anything is off, it says so and ends with exit code 5.

The network is made in a temporary directory that is removed afterwards. With
--dir it is kept; the directory must be empty or absent.

With --json it prints one JSON document per line, one for each thing that
happens. docs/scenarios.md describes the stories, which are text files.

Stories: ` + strings.Join(storyNames(), ", "),
		Example: `  sluis testnet demo
  sluis testnet demo 2-housing-by-name
  sluis --dir ./network testnet demo --json`,
		RunE: func(cmd *cobra.Command, names []string) error {
			if _, err := testnet.Scenarios(names...); err != nil {
				return usage(err)
			}
			demo := testnet.Demo{Dir: networkDir(t, cmd), Scenarios: names, Tell: t.storyteller()}
			return checked(demo.Play(cmd.Context()))
		},
	}
}

func upCommand(t *terminal) *cobra.Command {
	var date string
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Start the network, say how to talk to each party, and stay up until interrupted",
		Long: `Starts the network and keeps it up until it is interrupted. In a directory that
holds a network of an earlier time, that one comes back with all that it knew.
Without --dir it is made in a temporary directory that is removed at the end.

With --date the clock of every node begins on that day, which must not lie before
today: what is due by then is destroyed when the nodes start.`,
		Example: `  sluis testnet up
  sluis --dir ./network testnet up
  sluis --dir ./network testnet up --date 2029-01-01`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) (err error) {
			clock, err := clockFrom(date)
			if err != nil {
				return err
			}
			dir := networkDir(t, cmd)
			if dir == "" {
				if dir, err = os.MkdirTemp("", "sluis-"); err != nil {
					return err
				}
				defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
			}
			n, err := testnet.Start(cmd.Context(), testnet.Config{Dir: dir, Now: clock, Systems: true})
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, n.Close()) }()
			if err := t.introduce(n); err != nil {
				return err
			}
			t.daemon = true
			<-cmd.Context().Done()
			t.say("stopping")
			return nil
		},
	}
	cmd.Flags().StringVar(&date, "date", "", "`day` on which the clock of the network begins, as 2029-01-01")
	return cmd
}

// clockFrom is a clock that begins at noon of a day, and the system's for "". A
// ledger does not take an earlier time than it has, so it goes forward only.
func clockFrom(date string) (func() time.Time, error) {
	if date == "" {
		return nil, nil
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return nil, usage(errors.New("--date wants a day such as 2029-01-01"))
	}
	ahead := time.Until(day.Add(12 * time.Hour))
	if ahead < -24*time.Hour {
		return nil, usage(errors.New("--date lies in the past; the clock of a ledger does not go back"))
	}
	return func() time.Time { return time.Now().Add(ahead) }, nil
}

// networkDir is the directory that was asked for. The default of --dir is that
// of a real node, where a test network has no place.
func networkDir(t *terminal, cmd *cobra.Command) string {
	if f := cmd.Flag("dir"); f != nil && f.Changed {
		return t.dir
	}
	return ""
}

func storyNames() []string {
	all, err := testnet.Scenarios()
	if err != nil {
		return []string{"none can be read: " + err.Error()}
	}
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// checked makes a failed expectation an error with the exit code of checks.
func checked(err error) error {
	var failure *testnet.Failure
	if errors.As(err, &failure) {
		return &checkError{what: failure.Error(), todo: "see the line in the story; --dir keeps the network for a closer look"}
	}
	return err
}

// storyteller tells what happens in the way that suits who reads it.
func (t *terminal) storyteller() func(testnet.Told) {
	if t.json {
		return testnet.Lines(t.out)
	}
	const usual, widest = 100, 110
	width, colour := usual, false
	if screen, ok := t.out.(*os.File); ok && term.IsTerminal(int(screen.Fd())) {
		colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if w, _, err := term.GetSize(int(screen.Fd())); err == nil {
			width = min(w, widest)
		}
	}
	return testnet.Story(t.out, colour, width)
}

// A contactPoint says how to talk to one party of a test network.
type contactPoint struct {
	Party      string   `json:"party"`
	Name       string   `json:"name"`
	OIN        string   `json:"oin"`
	Capacities []string `json:"capacities"`
	Dir        string   `json:"dir"`
	Socket     string   `json:"socket"`
	Systems    string   `json:"systems"` // URL of the API for other systems
	Staff      []string `json:"staff"`
	Console    []entry  `json:"console"`
}

// An entry is a link that signs somebody in at the console of his party.
type entry struct {
	Staff    string `json:"staff"`
	Role     string `json:"role"`
	Capacity string `json:"capacity"`
	URL      string `json:"url"`
}

// introduce prints how to talk to each party.
func (t *terminal) introduce(n *testnet.Net) error {
	var all []contactPoint
	for _, key := range n.Parties() {
		m, _ := n.Member(key)
		c := contactPoint{Party: key, Name: m.Party.Name, OIN: string(m.Party.OIN), Dir: n.Dir(key), Socket: n.Socket(key), Systems: n.SystemsURL(key)}
		for _, capacity := range m.Party.Capacities {
			c.Capacities = append(c.Capacities, fmt.Sprintf("%s:%s", m.Party.OIN, capacity.Code))
		}
		for _, a := range m.Staff {
			var roles []string
			for _, g := range a.Roles {
				roles = append(roles, string(g.Role))
			}
			c.Staff = append(c.Staff, fmt.Sprintf("%s (%s)", a.ID, strings.Join(roles, ", ")))
		}
		for _, d := range n.Doors(key) {
			c.Console = append(c.Console, entry{string(d.Staff), string(d.Role), string(d.Hat), d.URL})
		}
		all = append(all, c)
	}
	return t.print(all, func(w io.Writer) {
		for _, c := range all {
			fmt.Fprintf(w, "%s\n", c.Name)
			fmt.Fprintf(w, "  is\t%s\n", strings.Join(c.Capacities, ", "))
			fmt.Fprintf(w, "  staff\t%s\n", strings.Join(c.Staff, ", "))
			for _, e := range c.Console {
				fmt.Fprintf(w, "  in the browser\t%s as %s (%s): %s\n", e.Staff, e.Role, e.Capacity, e.URL)
			}
			fmt.Fprintf(w, "  talk to it\tsluis --dir %s list\n", c.Dir)
			fmt.Fprintf(w, "  API\tcurl --unix-socket %s http://sluis/v1/openapi.json\n", c.Socket)
			fmt.Fprintf(w, "  for systems\t%s/v1\n\n", c.Systems)
		}
		fmt.Fprintf(w, "A case system has its certificate in %s; docs/integrate.md shows its first call.\n\n", n.SystemsDir())
		tour(w, n)
		fmt.Fprintln(w, "All of it is invented. Interrupt (Ctrl-C) to stop.")
	})
}

// tour shows the shortest way to an answer: the tour of README.md. A test runs
// what it prints.
func tour(w io.Writer, n *testnet.Net) {
	asker, supplier := n.Parties()[0], n.Parties()[len(n.Parties())-1]
	for _, key := range n.Parties() {
		if key == "probation" {
			supplier = key // whom the example of sluis ask addresses
		}
	}
	var who, decider string
	if m, ok := n.Member(asker); ok {
		who = string(m.Staff[0].ID)
	}
	if m, ok := n.Member(supplier); ok {
		decider = string(m.Staff[0].ID)
	}
	ask, answer := "sluis --dir "+n.Dir(asker), "sluis --dir "+n.Dir(supplier)
	fmt.Fprintln(w, "To try it, paste this in another terminal, in an empty directory, with sluis on the PATH:")
	for _, line := range []string{
		"sluis case open --example > case.json",
		"CASE=$(" + ask + " case open --as " + who + " --file case.json | sed -n 's/^case *//p')",
		`sluis ask --example --case "$CASE" > request.json`,
		ask + " explain --as " + who + " --file request.json",
		ask + " ask --as " + who + " --file request.json --wait delivered",
		"ID=$(" + answer + " list --status weighing --ids | tail -n 1)",
		answer + ` show "$ID" --content --as ` + decider,
		answer + ` weigh "$ID" --as ` + decider,
		`echo "article 39f of the Wjsg" > law.txt`,
		answer + ` weigh "$ID" --as ` + decider + " --step act-allows --outcome yes --why law.txt",
		answer + ` weigh "$ID" --as ` + decider + " --step least --outcome yes",
		`echo "reports every Monday until March" > conditions.txt`,
		answer + ` decide "$ID" --as ` + decider + " --condition ask-first --wait answered \\",
		"  --supply supervision-conditions=process --value supervision-conditions=conditions.txt --withhold offence=not-necessary",
		ask + ` show "$ID" --content --as ` + who,
		answer + ` explain "$ID" --as ` + decider + " --nl",
	} {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintln(w)
}
