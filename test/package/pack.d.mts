export declare function pack(folder: string): string;
export declare function unpack(tarball: string, into: string): void;
