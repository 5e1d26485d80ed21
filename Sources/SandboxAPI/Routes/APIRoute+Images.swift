extension APIRoute {
    private static let backend = Parameter.text("backend", "Only this backend; all that build images where it is left out.")
    private static let image = Parameter.text("image", "A built image's name; where it can be built also `@core`, `@mine`.", required: true)

    public static let listImages = APIRoute(
        "listImages", "GET", "/v1/images", .read, "The images that Sandlot built, saved names, defaults and package sets.",
        parameters: [backend, .flag("usage", "Also what the image stores take.")], (200, .json("ImageList")))
    public static let showImage = APIRoute(
        "showImage", "GET", "/v1/images/show", .read,
        "One image, and what a name such as `@core` comes to now; that may fetch its base and needs the scope `exec`.",
        parameters: [image, backend], (200, .json("ImageDetails")))
    public static let imageLog = APIRoute(
        "imageLog", "GET", "/v1/images/log", .read, "The log of an image's last build.",
        parameters: [image, .text("backend", "The backend that built it.", required: true)], (200, .bytes("text/plain")))
    public static let removeImage = APIRoute(
        "removeImage", "DELETE", "/v1/images", .admin,
        "Remove a built image from the backend, or from every one that has it; `@NAME` forgets a saved name and leaves what was built from it.",
        parameters: [image, backend], (200, .json("ImageRemoval")))
    public static let pruneImages = APIRoute(
        "pruneImages", "POST", "/v1/images/prune", .admin, "Remove built images that are old or unused; those in use stay.",
        request: .json("ImagePrune"), (200, .json("ImagePruning")))
    public static let checkPackages = APIRoute(
        "checkPackages", "POST", "/v1/images/check", .exec, "Which packages a base has, and which it could have; nothing is built.",
        request: .json("PackageCheck"), (200, .json("PackageReport")))
    public static let setDefaultImage = APIRoute(
        "setDefaultImage", "PUT", "/v1/images/default", .admin, "Choose the image of new sandboxes, of one backend or of all.",
        request: .json("ImageDefaultChange"), (200, .json("ImageDefaults")))

    public static let startBuild = APIRoute(
        "startBuild", "POST", "/v1/images/builds", .exec,
        "Build an image, or find it built: leave it in the background, wait, or stream its log. A Dockerfile needs the scope `admin`.",
        request: .json("ImageBuildCreation"), (200, .json("ImageBuild")), (201, .json("ImageBuild")), (200, .events("ImageBuildEvent")))
    public static let listBuilds = APIRoute(
        "listBuilds", "GET", "/v1/images/builds", .read, "The builds that this server was asked for and still knows, oldest first.",
        (200, .json("ImageBuildList")))
    public static let getBuild = APIRoute("getBuild", "GET", "/v1/images/builds/{build}", .read, "One build.", (200, .json("ImageBuild")))
    public static let buildEvents = APIRoute(
        "buildEvents", "GET", "/v1/images/builds/{build}/events", .read, "A build's log, then its end; during the build and after it.",
        parameters: [
            .integer("after", "Only lines behind this one; 0 where it is left out."), .header("Last-Event-ID", "In place of `after`."),
        ], (200, .events("ImageBuildEvent")))
    public static let cancelBuild = APIRoute(
        "cancelBuild", "POST", "/v1/images/builds/{build}/cancel", .exec,
        "Cancel a build; nothing when it is over. What others wait for too goes on for them.", (204, nil))

    static let images = [
        listImages, showImage, imageLog, removeImage, pruneImages, checkPackages, setDefaultImage, startBuild, listBuilds, getBuild,
        buildEvents, cancelBuild,
    ]
}
