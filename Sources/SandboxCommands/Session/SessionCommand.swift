import ArgumentParser

/// `sandlot session`.
struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session", abstract: "Sandboxes that stay: open, use, copy files, close.",
        subcommands: [
            SessionOpen.self, SessionList.self, SessionShow.self, SessionExec.self, SessionShell.self, SessionLogs.self, SessionCopy.self,
            SessionPush.self, SessionPull.self, SessionDiff.self, SessionConflicts.self, SessionSet.self, SessionRemove.self,
        ])
}
