import Foundation

/// What Firecracker's published description (version 1.12) says of the requests that are sent to it: the fields that a body must and may have.
enum PublishedAPI {
    struct Body {
        var required: Set<String>
        var optional: Set<String> = []
        /// Values that a text must be one of.
        var choices: [String: Set<String>] = [:]
        var nested: [String: Set<String>] = [:]
    }

    private static let requests: [String: Body] = [
        "PUT /machine-config": Body(
            required: ["mem_size_mib", "vcpu_count"], optional: ["cpu_template", "smt", "track_dirty_pages", "huge_pages"]),
        "PUT /boot-source": Body(required: ["kernel_image_path"], optional: ["boot_args", "initrd_path"]),
        "PUT /drives/": Body(
            required: ["drive_id", "is_root_device"],
            optional: ["partuuid", "cache_type", "is_read_only", "path_on_host", "rate_limiter", "io_engine", "socket"],
            choices: ["cache_type": ["Unsafe", "Writeback"], "io_engine": ["Sync", "Async"]]),
        "PUT /vsock": Body(required: ["guest_cid", "uds_path"], optional: ["vsock_id"]),
        "PUT /entropy": Body(required: [], optional: ["rate_limiter"]),
        "PUT /logger": Body(
            required: [], optional: ["level", "log_path", "show_level", "show_log_origin", "module"],
            choices: ["level": ["Error", "Warning", "Info", "Debug", "Trace", "Off"]]),
        "PUT /metrics": Body(required: ["metrics_path"]),
        "PUT /actions": Body(
            required: ["action_type"], choices: ["action_type": ["FlushMetrics", "InstanceStart", "SendCtrlAltDel"]]),
        "PATCH /vm": Body(required: ["state"], choices: ["state": ["Paused", "Resumed"]]),
        "PUT /snapshot/create": Body(
            required: ["mem_file_path", "snapshot_path"], optional: ["snapshot_type"], choices: ["snapshot_type": ["Full", "Diff"]]),
        "PUT /snapshot/load": Body(
            required: ["snapshot_path"],
            optional: ["enable_diff_snapshots", "mem_file_path", "mem_backend", "resume_vm", "network_overrides"],
            nested: ["mem_backend": ["backend_type", "backend_path"]]),
    ]

    /// Why the service would refuse it; nil for a request as it is described.
    static func complaint(_ verb: String, _ path: String, _ bytes: [UInt8]) -> String? {
        var known = requests["\(verb) \(path)"]
        let id = path.hasPrefix("/drives/") ? String(path.dropFirst("/drives/".count)) : nil
        if id != nil { known = requests["\(verb) /drives/"] }
        guard let known else { return "there is no \(verb) \(path)" }
        guard let body = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else { return "the body is no object" }
        let names = Set(body.keys)
        if !known.required.isSubset(of: names) { return "\(known.required.subtracting(names)) is missing" }
        let unknown = names.subtracting(known.required).subtracting(known.optional)
        if !unknown.isEmpty { return "\(unknown) is unknown" }
        if let id, body["drive_id"] as? String != id { return "the drive has two names" }
        for (name, choices) in known.choices {
            if let value = body[name], !choices.contains(value as? String ?? "") { return "\(name) cannot be \(value)" }
        }
        for (name, fields) in known.nested {
            if let value = body[name], Set((value as? [String: Any] ?? [:]).keys) != fields { return "\(name) needs \(fields)" }
        }
        if let count = body["vcpu_count"] as? Int, !(1...32).contains(count) { return "vcpu_count is out of range" }
        if let number = body["guest_cid"] as? Int, number < 3 { return "guest_cid is out of range" }
        return nil
    }
}
