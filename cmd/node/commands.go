package main

import "github.com/spf13/cobra"

// commands lists every command, in the order of help.
func commands(t *terminal) []*cobra.Command {
	return []*cobra.Command{
		askCommand(t), withdrawCommand(t), listCommand(t), showCommand(t), decideCommand(t), messagesCommand(t),
		purposesCommand(t), itemsCommand(t), groundsCommand(t),
		initCommand(t), keysCommand(t), runCommand(t), statusCommand(t), staffCommand(t), partiesCommand(t), ledgerCommand(t), configCommand(t),
		registerCommand(t), testnetCommand(t),
		versionCommand(t),
	}
}
