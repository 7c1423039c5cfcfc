package main

import (
	"github.com/spfzone/spfzone/internal/zoneedit"
	"github.com/spfzone/spfzone/providers"
	"github.com/spfzone/spfzone/zonefile"
)

// editZone gives the editor for a provider of the type zonefile.
func (a *app) editZone(f providers.ZoneFile) providers.Swapper {
	e := &zoneedit.Editor{File: f.File, Folder: f.Folder, Reload: f.Reload, Now: a.now, Swap: zonefile.SwapFile}
	if f.Date {
		e.Serial = zonefile.SerialDate
	}
	return e
}
