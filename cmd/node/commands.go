package main

import "github.com/spf13/cobra"

// commands lists every command, in the order of help.
func commands(t *terminal) []*cobra.Command {
	return []*cobra.Command{
		caseCommand(t), personCommand(t), askCommand(t), withdrawCommand(t), replyCommand(t), listCommand(t), showCommand(t), messagesCommand(t),
		weighCommand(t), questionCommand(t), assignCommand(t), adviceCommand(t), adviseCommand(t), decideCommand(t), confirmCommand(t), returnCommand(t),
		passCommand(t), permissionCommand(t), correctCommand(t), traceCommand(t), conferenceCommand(t), coordinationCommand(t),
		explainCommand(t), trailCommand(t),
		purposesCommand(t), triggersCommand(t), statementsCommand(t), itemsCommand(t), weighingsCommand(t), groundsCommand(t), conditionsCommand(t),
		initCommand(t), keysCommand(t), runCommand(t), statusCommand(t), doctorCommand(t), webhooksCommand(t), staffCommand(t), partiesCommand(t), ledgerCommand(t), auditCommand(t),
		retentionCommand(t), backupCommand(t), restoreCommand(t), configCommand(t),
		registerCommand(t), relayCommand(t), testnetCommand(t),
		versionCommand(t),
	}
}
