internal import GuestProtocol

/// Which function does what a request asks.
enum FileOperations {
    /// Does it, and returns the stream's last message.
    static func perform(_ request: GuestRequest, in conversation: Conversation, _ known: DigestCache) throws -> GuestMessage {
        switch request {
        case .readFile(let path, let offset, let length):
            return .response(try Reading.part(of: path, offset: offset, length: length))
        case .writeFile(let path, let options, let content):
            try Writing.replace(path, options: options, content: content)
            return .response(.done)
        case .readStream(let path, let offset, let length):
            try Reading.stream(path, offset: offset, length: length, to: conversation)
            return .streamEnd
        case .writeStream(let path, let options):
            try Writing.stream(path, options: options, from: conversation)
            return .streamEnd
        case .stat(let path, let followsLinks):
            return .response(.entry(try Nodes.entry(of: path, followsLinks: followsLinks)))
        case .list(let path, let cursor, let limit):
            return .response(try Listing.page(of: path, after: cursor, limit: limit, in: conversation))
        case .makeDirectory(let path, let mode, let parents):
            try Nodes.makeDirectory(path, mode: mode, parents: parents)
            return .response(.done)
        case .remove(let path, let recursive):
            try Removing.remove(path, recursive: recursive, in: conversation)
            return .response(.done)
        case .move(let from, let to, let overwrite):
            try Moving.move(from, to: to, overwrite: overwrite, in: conversation)
            return .response(.done)
        case .makeSymbolicLink(let path, let target):
            try Nodes.makeSymbolicLink(path, target: target)
            return .response(.done)
        case .changeMode(let path, let mode):
            try Nodes.changeMode(path, mode: mode)
            return .response(.done)
        case .glob(let root, let pattern, let limit, let includesHidden):
            return .response(
                try GlobSearch.run(root: root, pattern: pattern, limit: limit, includesHidden: includesHidden, in: conversation))
        case .grep(let query):
            return .response(try GrepSearch.run(query, in: conversation))
        case .watch(let path, let recursive):
            try Watching.run(path, recursive: recursive, in: conversation)
            return .streamEnd
        case .manifest(let root, let digests):
            try Manifest.send(root, digests: digests, known: known, to: conversation)
            return .streamEnd
        case .exportTree(let root, let paths):
            try Exporting.send(root, paths: paths, to: conversation)
            return .streamEnd
        case .importTree(let root):
            try Importing.receive(root, tellsStamps: false, from: conversation)
            return .streamEnd
        case .importTellingStamps(let root):
            try Importing.receive(root, tellsStamps: true, from: conversation)
            return .streamEnd
        case .folderDigests(let root):
            try FolderDigests.send(root, to: conversation)
            return .streamEnd
        case .folderEntries(let root, let folders):
            try FolderEntries.send(root, folders: folders, to: conversation)
            return .streamEnd
        case .fileChunks(let path):
            try FileChunks.send(path, to: conversation)
            return .streamEnd
        case .removeNode(let path, let changed, let inode):
            try Removing.remove(path, ifStill: Replaced(changed: changed, inode: inode))
            return .response(.done)
        case .startExec, .attachExec, .listExecs, .signalExec, .cancelExec, .forgetExec, .shutdown:
            throw GuestFailure(.unsupported, message: "not a file request")
        }
    }
}
