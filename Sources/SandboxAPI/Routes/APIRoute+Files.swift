extension APIRoute {
    private static let base = "/v1/sessions/{session}/files"
    private static let path = Parameter.text("path", "Relative paths mean the workspace. Percent-encoded bytes.", required: true)
    private static let root = Parameter.text("path", "The tree's root; the workspace where it is left out.")

    public static let readFile = APIRoute(
        "readFile", "GET", base + "/content", .read, "A file's content, of any size.",
        parameters: [
            path, .integer("offset", "Of the first byte."), .integer("length", "At most so many bytes."),
            .header("Range", "One range of bytes, in place of offset and length."),
        ], (200, .bytes("application/octet-stream")), (206, .bytes("application/octet-stream")))
    public static let writeFile = APIRoute(
        "writeFile", "PUT", base + "/content", .exec, "Write a file of any size; whole or not at all, unless it is appended to.",
        parameters: [
            path, .integer("mode", "Permission bits as a number.", 0...4095), .flag("parents", "Make missing directories."),
            .flag("append", "Add to what is there."), .flag("exclusive", "Refuse a path that is taken."),
        ], request: .bytes("application/octet-stream"), (204, nil))
    public static let statFile = APIRoute(
        "statFile", "GET", base + "/stat", .read, "One node.",
        parameters: [path, .flag("follow", "Of what a symbolic link leads to.")], (200, .json("FileEntry")))
    public static let listFiles = APIRoute(
        "listFiles", "GET", base + "/list", .read, "A directory's entries by name.",
        parameters: [
            root, .text("after", "Only names behind this one."),
            .integer("limit", "At most so many; 1000 where it is left out.", 1...10_000),
        ], (200, .json("FileList")))
    public static let removeFile = APIRoute(
        "removeFile", "DELETE", base, .exec, "Remove a file or a directory.",
        parameters: [path, .flag("recursive", "With all that is in it.")], (204, nil))
    public static let makeDirectory = APIRoute(
        "makeDirectory", "POST", base + "/directory", .exec, "Make a directory.", request: .json("DirectoryCreation"), (204, nil))
    public static let moveFile = APIRoute(
        "moveFile", "POST", base + "/move", .exec, "Move a file or a directory.", request: .json("FileMove"), (204, nil))
    public static let linkFile = APIRoute(
        "linkFile", "POST", base + "/link", .exec, "Make a symbolic link.", request: .json("LinkCreation"), (204, nil))
    public static let changeMode = APIRoute(
        "changeMode", "POST", base + "/mode", .exec, "Change permission bits.", request: .json("ModeChange"), (204, nil))
    public static let globFiles = APIRoute(
        "globFiles", "POST", base + "/glob", .read, "Nodes whose path matches a pattern.", request: .json("Glob"), (200, .json("FileList")))
    public static let grepFiles = APIRoute(
        "grepFiles", "POST", base + "/grep", .read, "Lines that match a pattern.", request: .json("Grep"), (200, .json("GrepResult")))
    public static let editFile = APIRoute(
        "editFile", "POST", base + "/edit", .exec, "Replace exact text, counted; on any mismatch nothing is written.",
        request: .json("FileEdit"), (200, .json("FileEditResult")))
    public static let watchFiles = APIRoute(
        "watchFiles", "GET", base + "/watch", .read, "Changes below a path from now on.",
        parameters: [root, .flag("recursive", "In directories below it too.")], (200, .lines("FileChange")))
    public static let manifest = APIRoute(
        "manifest", "GET", base + "/manifest", .read, "Every node below a root, parents first. The last line is `{\"end\": true}`.",
        parameters: [root, .flag("digests", "With SHA-256 of files.")], (200, .lines("ManifestLine")))
    public static let exportTree = APIRoute(
        "exportTree", "GET", base + "/tree", .read, "The tree below a root as a tar stream.",
        parameters: [root, .text("only", "This path of the tree; may be repeated.")], (200, .bytes("application/x-tar")))
    public static let importTree = APIRoute(
        "importTree", "PUT", base + "/tree", .exec, "Write a tar stream below a root and never outside of it.",
        parameters: [root], request: .bytes("application/x-tar"), (200, .json("ImportResult")))

    static let files = [
        readFile, writeFile, statFile, listFiles, removeFile, makeDirectory, moveFile, linkFile, changeMode, globFiles, grepFiles, editFile,
        watchFiles, manifest, exportTree, importTree,
    ]
}
