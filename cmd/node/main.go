// Sluis is the node of one organisation: a daemon, and the commands that talk
// to it. Flags in, one call, text or JSON out; no rule lives here.
package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program as a function: what it would print, and its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, complaints io.Writer) int {
	t := newTerminal(in, out, complaints)
	root := rootCommand(t)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(complaints)
	err := root.ExecuteContext(ctx)
	if err != nil && errors.Is(ctx.Err(), context.Canceled) && !t.daemon {
		return exitInterrupted
	}
	return t.complain(err)
}

func rootCommand(t *terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "sluis",
		Short: "Exchange data between organisations, item by item, as the law wants it",
		Long: `Sluis is the node that an organisation in the social domain runs for itself.
One organisation asks, a professional at another decides, and only what was
decided passes, sealed, with conditions attached, and with a trace on both sides.

Exit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused by a rule,
5 a check failed, 6 not reachable, 7 needs a person, 130 interrupted.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().StringVar(&t.dir, "dir", t.dir, "`directory` of the node; SLUIS_DIR sets it as well")
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print one JSON document instead of text")
	root.PersistentFlags().BoolVar(&t.nl, "nl", t.nl, "speak Dutch: what is refused, explained and listed; SLUIS_LANG=nl does so as well")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage(err) })
	root.AddGroup(
		&cobra.Group{ID: "exchange", Title: "Exchange:"},
		&cobra.Group{ID: "node", Title: "The node:"},
		&cobra.Group{ID: "network", Title: "Register and test network:"},
	)
	root.AddCommand(commands(t)...)
	root.CompletionOptions.HiddenDefaultCmd = true
	argumentsAreUsage(root)
	return root
}

// argumentsAreUsage makes a wrong number of arguments a mistake of usage.
func argumentsAreUsage(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error { return usage(check(cmd, args)) }
	}
	for _, sub := range cmd.Commands() {
		argumentsAreUsage(sub)
	}
}
