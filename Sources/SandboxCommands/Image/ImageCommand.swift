import ArgumentParser

/// `sandlot image`.
struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "What sandboxes are made from: build images from package lists, list them, choose a default.",
        discussion: """
            EXAMPLES
              sandlot image build core web           an image with two package sets
              sandlot run --image @core,web -- node  builds it when it is not there
              sandlot image set-default @core        for new sandboxes, from now on
            """,
        subcommands: [
            ImageBuild.self, ImageList.self, ImageShow.self, ImageRemove.self, ImagePrune.self, ImageCheck.self, ImageSetDefault.self,
            ImageSets.self,
        ])
}
