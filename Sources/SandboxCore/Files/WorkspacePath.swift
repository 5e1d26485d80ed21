public import SystemPackage

extension FilePath {
    /// What a path of a file call or of a command's directory means in a sandbox whose workspace is at `workspace`: a relative one lies below it, and
    /// so does `/workspace` everywhere, wherever the directory really is. `..` stays as it is: only the sandbox knows where links lead.
    public func absolute(inWorkspace workspace: FilePath) -> FilePath {
        guard isAbsolute else { return workspace.pushing(self) }
        var path = self
        return path.removePrefix("/workspace") ? workspace.pushing(path) : self
    }
}
