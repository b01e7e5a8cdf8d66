package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"sluis/api"
	"sluis/peer"
	"sluis/schemas"
)

func statusCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "status",
		GroupID: "node",
		Short:   "Tell how the node is: ledger, register, messages that wait",
		Example: "  sluis status",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			s, err := client.Status(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(s, func(w io.Writer) {
				fmt.Fprintf(w, "party\t%s (%s)\n", s.Name, s.OIN)
				fmt.Fprintf(w, "version\t%s\n", s.Version)
				fmt.Fprintf(w, "ledger\t%d entries\n", s.LedgerSize)
				if r := s.Register; r != nil {
					fmt.Fprintf(w, "register\tversion %d, %d parties, until %s\n", r.Version, r.Parties, r.Expires.Format("2006-01-02"))
				} else {
					fmt.Fprintf(w, "register\tnone: sluis register install FILE\n")
				}
				fmt.Fprintf(w, "waiting\t%d messages\n", s.Outbox)
				if l := s.Logboek; l != nil {
					fmt.Fprintf(w, "logboek\t%s\n", logboekText(*l))
				}
				if r := s.Recovery; r != nil {
					fmt.Fprintf(w, "recovering\t%s\n", recoveryText(*r))
				}
				if s.Alarms > 0 {
					fmt.Fprintf(w, "alarms\t%d: sluis ledger alarms\n", s.Alarms)
				}
				fmt.Fprintf(w, "listens\t%s\n", strings.Join(s.Addresses, " "))
			})
		},
	}
}

// recoveryText tells why a node that is an old copy, or may be one, writes nothing.
func recoveryText(r api.Recovery) string {
	switch {
	case r.Forked:
		return fmt.Sprintf("a partner has seen another ledger than this copy (%d entries) begins, so nothing is written; restore a newer backup, or see sluis ledger continue --help", r.Size)
	case r.Seen > r.Size:
		return fmt.Sprintf("this is an old copy: partners have seen %d entries, it has %d, so nothing is written; restore a newer backup, or see sluis ledger continue --help", r.Seen, r.Size)
	case len(r.Waiting) > 0:
		return fmt.Sprintf("%d partners answered; waiting for %s", r.Asked, strings.Join(r.Waiting, ", "))
	}
	return "asking partners what they have seen of this ledger"
}

// logboekText tells how far the organisation's processing log is behind.
func logboekText(l api.LogboekStatus) string {
	switch {
	case !l.Since.IsZero():
		return fmt.Sprintf("%d entries wait; handing over fails since %s, see the log", l.Behind, l.Since.Format(time.RFC3339))
	case l.Behind > 0:
		return fmt.Sprintf("%d entries wait", l.Behind)
	}
	return "up to date"
}

func staffCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "staff",
		GroupID: "node",
		Short:   "The people who work with the node, and what they may do",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var name string
	var roles []string
	add := &cobra.Command{
		Use:   "add ID",
		Short: "Make a person known",
		Long: `Makes a person known, with a role in one or more capacities of the organisation.
Roles: ` + strings.Join(api.RoleCodes(), ", ") + `.`,
		Example: `  sluis staff add b.devries --name "B. de Vries" --role professional=probation`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			e := api.Employee{ID: args[0], Name: name}
			var err error
			if e.Roles, err = grantsOf(roles); err != nil {
				return err
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.AddStaff(cmd.Context(), e)
			if err != nil {
				return err
			}
			return t.print(made, func(w io.Writer) { fmt.Fprintf(w, "added %s\n", made.ID) })
		},
	}
	add.Flags().StringVar(&name, "name", "", "`name` as colleagues know it; it stays on this node")
	add.Flags().StringArrayVar(&roles, "role", nil, "`role=capacity`, or role=capacity:regime for professional secrecy of his own; repeat for more")
	_ = add.MarkFlagRequired("name")
	_ = add.MarkFlagRequired("role")
	list := &cobra.Command{
		Use:     "list",
		Short:   "List the people who are known",
		Example: "  sluis staff list",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Staff(cmd.Context())
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "ID\tNAME\tROLES")
				for _, e := range all {
					var roles []string
					for _, g := range e.Roles {
						roles = append(roles, strings.TrimSuffix(g.Role.Code()+"="+g.Capacity+":"+g.Regime.Code(), ":"))
					}
					if !e.Ended.IsZero() {
						roles = []string{"left on " + e.Ended.Format(time.DateOnly)}
					}
					fmt.Fprintf(w, "%s\t%s\t%s\n", e.ID, cell(e.Name), strings.Join(roles, " "))
				}
			})
		},
	}
	cmd.AddCommand(add, staffChangeCommand(t), staffRemoveCommand(t), staffInviteCommand(t), list)
	return cmd
}

func staffChangeCommand(t *terminal) *cobra.Command {
	var name string
	var roles []string
	change := &cobra.Command{
		Use:   "change ID",
		Short: "Give a person another name or other roles",
		Long: `Gives a person another name, or other roles in place of all that he had. Requests
that were given to him and that he may not decide on any more, others may. Who
was removed is back with it.`,
		Example: `  sluis staff change b.devries --role professional=probation --role privacy-officer=probation`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if name == "" && len(roles) == 0 {
				return usage(errors.New("give --name, --role or both"))
			}
			client, err := t.client()
			if err != nil {
				return err
			}
			all, err := client.Staff(cmd.Context())
			if err != nil {
				return err
			}
			at := slices.IndexFunc(all, func(e api.Employee) bool { return e.ID == args[0] })
			if at < 0 {
				return &peer.Fault{Code: peer.UnknownActor}
			}
			e := all[at]
			e.Ended = time.Time{}
			if name != "" {
				e.Name = name
			}
			if len(roles) > 0 {
				if e.Roles, err = grantsOf(roles); err != nil {
					return err
				}
			}
			made, err := client.ChangeStaff(cmd.Context(), e)
			if err != nil {
				return err
			}
			return t.print(made, func(w io.Writer) { fmt.Fprintf(w, "changed %s\n", made.ID) })
		},
	}
	change.Flags().StringVar(&name, "name", "", "another `name`")
	change.Flags().StringArrayVar(&roles, "role", nil, "`role=capacity` in place of all that he had; repeat for more")
	return change
}

func staffRemoveCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID",
		Short: "End what a person may do, at once",
		Long: `Ends what a person may do, at once: for who leaves, or whose account is not safe.
Requests that were given to him, others may decide on. His name stays with what
he did, and his ID is not given to another.`,
		Example: `  sluis staff remove b.devries`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			gone, err := client.RemoveStaff(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return t.print(gone, func(w io.Writer) { fmt.Fprintf(w, "removed %s\n", gone.ID) })
		},
	}
}

func staffInviteCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:   "invite ID",
		Short: "Make a link by which a person chooses how he signs in to the console",
		Long: `Makes a link by which a person chooses how he signs in to the web console: with a
passkey, or with a password and an app for codes. It works once, for three days.
Give it to him in person: who has it can come in as him. A new one ends the one
before.

The first administrator is invited so; he can invite others in the browser.`,
		Example: `  sluis staff invite b.devries`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			made, err := client.InviteStaff(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return t.print(made, func(w io.Writer) {
				fmt.Fprintf(w, "%s\nworks once, until %s\n", made.Link, made.Until.Local().Format("2006-01-02 15:04"))
			})
		},
	}
}

// grantsOf reads --role as often as it was given.
func grantsOf(roles []string) (grants []api.Grant, err error) {
	for _, r := range roles {
		code, capacity, ok := strings.Cut(r, "=")
		role, known := api.RoleOf(code)
		if !ok || !known {
			return nil, usage(fmt.Errorf("--role %q: want role=capacity; roles are %s", r, strings.Join(api.RoleCodes(), ", ")))
		}
		capacity, secrecy, _ := strings.Cut(capacity, ":")
		grant := api.Grant{Role: role, Capacity: capacity}
		if secrecy != "" {
			if grant.Regime, known = api.RegimeOf(secrecy); !known {
				return nil, unknownWord("--role", secrecy, "wgbo", "big", "jeugdwet")
			}
		}
		grants = append(grants, grant)
	}
	return grants, nil
}

func partiesCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "parties [OIN]",
		GroupID: "node",
		Short:   "List the parties of the register in force, or one of them",
		Example: "  sluis parties\n  sluis parties 00000099000002002000 --json",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			client, err := t.client()
			if err != nil {
				return err
			}
			var all []api.Party
			if len(args) == 1 {
				var one api.Party
				one, err = client.Party(cmd.Context(), args[0])
				all = []api.Party{one}
			} else {
				all, err = client.Parties(cmd.Context())
			}
			if err != nil {
				return err
			}
			return t.print(all, func(w io.Writer) {
				fmt.Fprintln(w, "PARTY\tDOMAIN\tREGIME\tBSN\tNAME")
				for _, p := range all {
					for _, c := range p.Capacities {
						bsn := "no"
						if c.MayProcessBSN {
							bsn = "yes"
						}
						fmt.Fprintf(w, "%s:%s\t%s\t%s\t%s\t%s\n", p.OIN, c.Code, c.Domain, c.Regime.Code(), bsn, p.Name)
					}
				}
			})
		},
	}
}

func configCommand(t *terminal) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: "node",
		Short:   "Check and explain the configuration, sluis.toml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	check := &cobra.Command{
		Use:     "check [FILE]",
		Short:   "Check a configuration without starting anything",
		Example: "  sluis config check ./sluis.toml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			path := filepath.Join(t.dir, "sluis.toml")
			if len(args) == 1 {
				path = args[0]
			}
			_, err := peer.ReadConfig(path)
			if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
				return err
			}
			if err != nil {
				return &checkError{what: err.Error(), todo: "sluis config example shows every key"}
			}
			return t.print(map[string]string{"file": path}, func(w io.Writer) { fmt.Fprintf(w, "%s holds\n", path) })
		},
	}
	example := &cobra.Command{
		Use:     "example",
		Short:   "Print an annotated configuration with every key and its default",
		Example: "  sluis config example > sluis.toml",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := t.out.Write(schemas.ConfigExample())
			return err
		},
	}
	schema := &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the configuration",
		Example: "  sluis config schema",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, _ := schemas.Schema("config")
			_, err := t.out.Write(text)
			return err
		},
	}
	show := &cobra.Command{
		Use:   "show",
		Short: "Print the configuration that holds: the file, and the defaults where it is silent",
		Long: `Prints the configuration that holds for the node, with the defaults where the
file is silent. A running node keeps the one that it started with.`,
		Example: "  sluis config show --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			config, err := peer.ReadConfig(filepath.Join(t.dir, "sluis.toml"))
			if err != nil {
				return err
			}
			text, err := toml.Marshal(config)
			if err != nil {
				return err
			}
			// The names of the file are those of TOML, in JSON as well.
			var document map[string]any
			if err := toml.Unmarshal(text, &document); err != nil {
				return err
			}
			return t.print(document, func(w io.Writer) { fmt.Fprintf(w, "%s", text) })
		},
	}
	cmd.AddCommand(check, show, example, schema)
	return cmd
}

// version is set by the linker, see scripts/build.
var version string

func versionCommand(t *terminal) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version of this program, of its storage and of its protocols",
		Example: "  sluis version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version   string   `json:"version"`
				Go        string   `json:"go,omitempty"`
				Storage   int      `json:"storage"`   // see docs/operations.md, upgrading
				Protocols []string `json:"protocols"` // see docs/protocol.md, versions
			}{Version: versionText(), Storage: peer.StorageVersion(), Protocols: peer.Protocols[:]}
			if info, ok := debug.ReadBuildInfo(); ok {
				v.Go = info.GoVersion
			}
			return t.print(v, func(w io.Writer) {
				fmt.Fprintf(w, "sluis %s (%s)\nstorage %d, protocols %s\n", v.Version, v.Go, v.Storage, strings.Join(v.Protocols, " "))
			})
		},
	}
}

// versionText is the version that the linker set, else the commit that Go
// recorded.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "development"
}

// client talks to the node of the directory.
func (t *terminal) client() (*api.Client, error) {
	if _, err := os.Stat(t.dir); err != nil {
		return nil, &peer.Fault{Code: peer.NoNode}
	}
	return api.Dial(filepath.Join(t.dir, api.SocketName)).In(t.pick("nl", "en")), nil
}
