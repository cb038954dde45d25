"""Pictures of splats: the render engine, its rasterizers, and the viewport's draw handler."""
