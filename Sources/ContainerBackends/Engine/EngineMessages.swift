// The engine's own names, so that no table of keys is needed.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The parts of the engine's messages that are read; the rest is ignored, so that newer engines work.
enum EngineMessage {
    struct Version: Decodable {
        var Version: String
        var ApiVersion: String
        var MinAPIVersion: String?
        var Os: String?
        var Arch: String?
        var KernelVersion: String?
    }

    struct Info: Decodable {
        var Name: String?
        var OperatingSystem: String?
        var KernelVersion: String?
        var SecurityOptions: [String]?
        var CgroupVersion: String?
        var MemoryLimit: Bool?
        var PidsLimit: Bool?
        var CpuCfsQuota: Bool?
        var Driver: String?
        var Rootless: Bool?
    }

    struct Failure: Decodable {
        var message: String
    }

    struct Created: Decodable {
        var Id: String
        var Warnings: [String]?
    }

    struct Image: Decodable {
        struct Configuration: Decodable {
            var Env: [String]?
        }
        var Id: String
        var Architecture: String?
        var Config: Configuration?
    }

    struct Container: Decodable {
        struct Status: Decodable {
            var Running: Bool
            var Paused: Bool?
            var OOMKilled: Bool?
            var ExitCode: Int?
            var Error: String?

            /// As the engine tells it; nothing is concluded from an exit code alone.
            var causeOfDeath: String? {
                guard !Running else { return nil }
                let status = ExitCode.map { " (exit status \($0))" } ?? ""
                return OOMKilled == true
                    ? "its container has ended\(status), and the engine saw it run out of memory" : "its container has ended\(status)"
            }
        }
        struct Configuration: Decodable {
            var Env: [String]?
            var Labels: [String: String]?
            var Hostname: String?
        }
        struct Mount: Decodable {
            var Source: String?
            var Destination: String
        }
        var Id: String
        /// The id of its image.
        var Image: String
        var State: Status
        var Config: Configuration
        var Mounts: [Mount]?
    }

    struct Listed: Decodable {
        var Id: String
        var Labels: [String: String]?
    }

    /// One line of a pull's or a build's progress.
    struct Progress: Decodable {
        var stream: String?
        var status: String?
        var error: String?
    }

    /// What a container shall be.
    struct Create: Codable {
        struct Mount: Codable {
            struct Bind: Codable {
                var Propagation = "rprivate"
            }
            var `Type` = "bind"
            var Source: String
            var Target: String
            var ReadOnly: Bool
            var BindOptions = Bind()
        }
        struct Host: Codable {
            var NetworkMode: String
            var UsernsMode: String?
            var CapDrop = ["ALL"]
            var SecurityOpt = ["no-new-privileges"]
            var ReadonlyRootfs: Bool
            var Init = false
            var Privileged = false
            var AutoRemove: Bool
            var IpcMode = "private"
            var PidsLimit: Int64
            var Memory: Int64?
            var MemorySwap: Int64?
            var NanoCpus: Int64?
            var Tmpfs: [String: String]
            var Mounts: [Mount]
            var MaskedPaths: [String]?
            var DeviceRequests: [DeviceRequest]?
        }
        struct DeviceRequest: Codable {
            /// -1 is all.
            var Count: Int
            var Capabilities = [["gpu"]]
        }
        struct Health: Codable {
            var Test = ["NONE"]
        }
        var Image: String
        var Hostname: String
        var User: String
        var WorkingDir: String
        var Entrypoint: [String]
        var Cmd: [String]
        var Labels: [String: String]
        var Healthcheck = Health()
        var HostConfig: Host
    }
}
