import GRDB
public import SandboxCore

extension StoreTransaction {
    /// Keeps a specification under a name; what had the name before is replaced.
    public func saveImageSpec(_ name: String, _ spec: String, at time: Int64) throws {
        try run("INSERT OR REPLACE INTO image_specs (name, spec, created_at) VALUES (?,?,?)", [name, spec, time])
    }

    /// Forgets a saved specification; false when there was none.
    public func deleteImageSpec(_ name: String) throws -> Bool {
        try run("DELETE FROM image_specs WHERE name=?", [name])
        return database.changesCount > 0
    }

    /// A saved specification's text.
    public func imageSpec(_ name: String) throws -> String? {
        try row("SELECT spec FROM image_specs WHERE name=?", [name]).map { $0["spec"] }
    }

    /// All saved specifications by name.
    public func imageSpecs() throws -> [(name: String, spec: String)] {
        try rows("SELECT name, spec FROM image_specs ORDER BY name").map { (name: $0["name"], spec: $0["spec"]) }
    }

    /// The image of new sandboxes of a backend, or of all with nil; nil as image leaves it to the settings.
    public func setImageDefault(_ image: String?, of backend: BackendID?, at time: Int64) throws {
        let key = backend?.rawValue ?? ""
        guard let image else { return try run("DELETE FROM image_defaults WHERE backend=?", [key]) }
        try run("INSERT OR REPLACE INTO image_defaults (backend, image, set_at) VALUES (?,?,?)", [key, image, time])
    }

    /// The defaults that were set; the key nil is the one for all backends.
    public func imageDefaults() throws -> [BackendID?: String] {
        var defaults: [BackendID?: String] = [:]
        for row in try rows("SELECT backend, image FROM image_defaults") {
            let key: String = row["backend"]
            defaults[key.isEmpty ? nil : try BackendID(validating: key)] = row["image"]
        }
        return defaults
    }

    /// Notes a use; the first one counts as the building too.
    public func touchImage(_ reference: String, of backend: BackendID, at time: Int64) throws {
        try run(
            """
            INSERT INTO image_uses (backend, reference, built_at, used_at) VALUES (?,?,?,?)
            ON CONFLICT (backend, reference) DO UPDATE SET used_at=excluded.used_at
            """, [backend.rawValue, reference, time, time])
    }

    /// Forgets the uses of an image that is gone.
    public func forgetImage(_ reference: String, of backend: BackendID) throws {
        try run("DELETE FROM image_uses WHERE backend=? AND reference=?", [backend.rawValue, reference])
    }

    /// Every use that is known.
    public func imageUses() throws -> [ImageUseRow] { try rows("SELECT * FROM image_uses").map { try ImageUseRow($0) } }
}
