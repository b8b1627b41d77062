"""Real pictures with captions: COCO, Flickr30k, CC3M, ImageNet, or a folder of your own.

`--data NAME` takes a data set from the hub, `--data NAME:FOLDER` from a folder as its authors
distribute it, `--data FOLDER` any folder in one of the same formats:

    dataset_*.json            Karpathy's splits, beside folders of pictures; with instances_*.json
                              things and their boxes are known too
    *.json                    a list of conversations, as LLaVA's are, beside folders of pictures
    *.tar                     a webdataset: KEY.jpg with KEY.txt or KEY.json
    *.parquet                 a table with a picture and one or several captions a row
    train/CLASS/*.jpg, val/…  classes

Imported by the runner and by `ls data`; it imports contracts, and names of things from judges.
"""
