import ArgumentParser
import SandboxCore
import SandboxEngine
import Sandlot

/// `sandlot image show`.
struct ImageShow: SandlotCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an image: what is in it, its size, its use, where its build's log is.",
        discussion: "IMAGE is a name from the list, the beginning of its digest, or what is built: @core, @mine.")
    @Option(name: .shortAndLong, help: "Backend; without it the first that has it.") var backend: String?
    @OptionGroup var settings: SettingsOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "Image.") var image: String
    var speaksJSON: Bool { output.json }

    func run(in context: CommandContext) async throws -> Int32 {
        try await context.withRuntime(settings) { runtime in
            let id = try backend.map { try BackendID(validating: $0) }
            let images = runtime.engine.images
            var plan: ImagePlan?
            if let spec = image.hasPrefix("@") ? try await images.spec(of: image) : nil {
                plan = try await Progress.during("looking into the base", in: context) { try await images.plan(spec, on: id) }
            }
            let reference: String
            if let plan { reference = plan.reference } else { reference = try await ImageLookup.reference(image, on: id, images) }
            let kept = try await images.show(reference, on: plan?.backend ?? id)
            guard kept != nil || plan != nil else {
                throw SandboxError(.notFound, "there is no built image '\(image)'", remedy: "see `sandlot image list`")
            }
            let log = (kept?.image.backend ?? plan?.backend).map { images.logFile(of: reference, on: $0) }
            if output.json {
                try await context.print([
                    "reference": .string(reference), "image": kept.map(ImageReport.json) ?? .null,
                    "plan": plan.map(ImageReport.json) ?? .null, "log": .text(log),
                ])
            } else {
                try await context.print(ImageReport.text(reference, kept, plan, log: log, context.style))
            }
            return 0
        }
    }
}

/// The image that somebody means.
enum ImageLookup {
    /// A name as it is; else the one image whose digest begins so. Throws `notFound`, or `conflict` where several do.
    static func reference(_ text: String, on backend: BackendID?, _ images: EngineImages) async throws -> String {
        if text.hasPrefix("@") {
            guard let spec = try await images.spec(of: text) else { return text }
            return try await images.plan(spec, on: backend).reference
        }
        if text.contains("/") || text.contains(":") { return text }
        let found = Set(
            try await images.list(on: backend).map(\.image.reference).filter { ($0.split(separator: ":").last ?? "").hasPrefix(text) })
        guard found.count <= 1 else {
            throw SandboxError(.conflict, "\(found.count) images begin with '\(text)'", remedy: "write more of the digest")
        }
        return found.first ?? text
    }
}
