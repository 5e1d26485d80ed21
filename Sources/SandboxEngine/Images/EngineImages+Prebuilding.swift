import Logging
import SandboxCore

extension EngineImages {
    /// Builds the default image of every backend that builds and is available, one after the other: sessions that need one meanwhile wait for that
    /// very build. What fails is told by an event and in the log, and is tried again by the first session that needs it.
    public func prebuild() async {
        do {
            for builder in try await builders(nil) {
                let id = builder.descriptor.id
                do {
                    guard let image = try await decide(on: id).image, let spec = try await spec(of: image) else { continue }
                    let result = try await build(spec, on: id)
                    engine.logger.info(
                        "the default image is there", metadata: ["backend.id": "\(id)", "image": "\(result.image.reference)"])
                } catch is CancellationError {
                    return
                } catch {
                    engine.logger.warning("the default image was not built", metadata: ["backend.id": "\(id)", "error": "\(error)"])
                }
            }
        } catch {
            engine.logger.warning("default images were not built", metadata: ["error": "\(error)"])
        }
    }
}
