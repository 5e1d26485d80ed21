// The engine's own names, so that no table of keys is needed.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

extension EngineMessage {
    /// An image as `inspect` tells it.
    struct ImageDetails: Decodable {
        struct Configuration: Decodable {
            var Labels: [String: String]?
            var User: String?
        }
        var Id: String
        var Architecture: String?
        var Variant: String?
        /// RFC 3339.
        var Created: String?
        var Size: Int64?
        var RepoTags: [String]?
        var Config: Configuration?
    }

    /// An image as lists tell it.
    struct ImageListed: Decodable {
        var Id: String
        var RepoTags: [String]?
        var Labels: [String: String]?
        /// Seconds since 1970.
        var Created: Int64?
        var Size: Int64?
        /// What it shares with others; negative where it was not counted.
        var SharedSize: Int64?
    }

    /// A container, for what it is made from.
    struct ContainerUse: Decodable {
        var Id: String
        var ImageID: String?
        var State: String?
        var SizeRw: Int64?
        var Labels: [String: String]?
        var Created: Int64?
    }

    /// `system df`.
    struct DiskUsage: Decodable {
        struct Cache: Decodable {
            var Size: Int64?
        }
        var LayersSize: Int64?
        var Images: [ImageListed]?
        var Containers: [ContainerUse]?
        var BuildCache: [Cache]?
    }

    /// A container that is only looked into, or runs one command that writes a list.
    struct Look: Encodable {
        struct Host: Encodable {
            var NetworkMode = "none"
            var CapDrop = ["ALL"]
            var SecurityOpt = ["no-new-privileges"]
            var PidsLimit = 64
            var Memory: Int64?
        }
        var Image: String
        var Entrypoint: [String]
        var Cmd: [String] = []
        var User = "65534:65534"
        var Labels: [String: String]
        /// Output comes as it is, without frames.
        var Tty = true
        var HostConfig = Host()
    }
}
