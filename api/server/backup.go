package server

import "context"

// MakeBackup makes a backup where the configuration wants it.
func (a *API) MakeBackup(ctx context.Context, _ MakeBackupRequestObject) (MakeBackupResponseObject, error) {
	made, err := a.node.Backup(ctx)
	return MakeBackup201JSONResponse{Part: made.Part, Whole: made.Whole, Entries: made.Entries}, err
}
