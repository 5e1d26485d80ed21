/// The bodies of Firecracker's API, as its published description has them; only those fields that are used here.
enum FirecrackerRequest {
    /// `PUT /machine-config`.
    struct MachineConfiguration: Encodable {
        /// 1 to 32.
        var vcpuCount: Int
        var memSizeMib: Int
    }

    /// `PUT /boot-source`.
    struct BootSource: Encodable {
        var kernelImagePath: String
        var initrdPath: String
        var bootArgs: String
    }

    /// `PUT /drives/{drive_id}`.
    struct Drive: Encodable {
        var driveId: String
        var pathOnHost: String
        var isReadOnly: Bool
        /// Never: the machine's first file system is in memory.
        var isRootDevice = false
    }

    /// `PUT /vsock`.
    struct Vsock: Encodable {
        /// 3 or more; the host is 2.
        var guestCid: UInt32
        var udsPath: String
    }

    /// `PUT /entropy`.
    struct EntropyDevice: Encodable {}

    /// `PUT /logger`.
    struct Logger: Encodable {
        enum Level: String, Encodable { case error = "Error", warning = "Warning", info = "Info" }
        var level: Level
    }

    /// `PUT /metrics`.
    struct Metrics: Encodable {
        var metricsPath: String
    }

    /// `PUT /actions`.
    struct Action: Encodable {
        enum Kind: String, Encodable { case start = "InstanceStart", flushMetrics = "FlushMetrics", controlAltDelete = "SendCtrlAltDel" }
        var actionType: Kind
    }

    /// `PATCH /vm`.
    struct State: Encodable {
        enum Kind: String, Encodable { case paused = "Paused", resumed = "Resumed" }
        var state: Kind
    }

    /// `PUT /snapshot/create`.
    struct SnapshotCreation: Encodable {
        var snapshotPath: String
        var memFilePath: String
        var snapshotType = "Full"
    }

    /// `PUT /snapshot/load`.
    struct SnapshotLoading: Encodable {
        struct Memory: Encodable {
            var backendPath: String
            var backendType = "File"
        }
        var snapshotPath: String
        var memBackend: Memory
        var resumeVm: Bool
    }
}
