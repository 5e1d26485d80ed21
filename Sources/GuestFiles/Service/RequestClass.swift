internal import GuestProtocol

/// Where a request is worked on, so that none keeps the quick ones waiting.
enum RequestClass {
    /// One small piece of work: the first pool.
    case plain
    /// Takes as long as the tree is large: the second pool.
    case heavy
    /// Lasts as long as the host wants: a thread of its own.
    case longLived(receivesContent: Bool)
    /// Not a file operation.
    case foreign

    init(_ request: GuestRequest) {
        switch request {
        case .readFile, .writeFile, .stat, .list, .makeDirectory, .makeSymbolicLink, .changeMode, .removeNode: self = .plain
        case .remove(_, let recursive): self = recursive ? .heavy : .plain
        case .move, .glob, .grep: self = .heavy
        case .readStream, .watch, .manifest, .exportTree, .fileChunks, .folderDigests, .folderEntries:
            self = .longLived(receivesContent: false)
        case .writeStream, .importTree, .importTellingStamps: self = .longLived(receivesContent: true)
        case .startExec, .attachExec, .listExecs, .signalExec, .cancelExec, .forgetExec, .shutdown: self = .foreign
        }
    }
}
